"""The feature columns, one file a group: their declarations beside the function that computes them.

To add a feature to a group, put a `Feature` into its tuple and the value at the same place into
what its function returns; the catalogue and the kernel follow. Each function answers one question
at a time, compiled; values are float64, NaN where missing. Rows `begin` to `end` of each array are
the question's, known by its day and sorted by their own; windows are of days, both ends counted.
"""
