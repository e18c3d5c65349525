"""A map applied to an export: its sheets found, reshaped and translated, piece by piece."""
