"""Who asks, and what for: tokens, keys, permissions and the area in scope."""
