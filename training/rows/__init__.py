"""The rows that a model learns from: asked of a registry in memory, or of a store part by part."""
