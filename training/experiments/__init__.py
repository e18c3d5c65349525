"""Experiments: a training that a file describes, and models that only compete."""
