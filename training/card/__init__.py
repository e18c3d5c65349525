"""The model card, and the fingerprint that ties findings to their model."""
