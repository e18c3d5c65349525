"""The scoring run: from a store, part by part, to a published book."""
