"""Held against what a model has not seen: another area, other days, children nobody visited."""
