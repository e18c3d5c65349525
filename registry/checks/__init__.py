"""Cells to values, rows against the contract's rules: accepted, or rejected with a code."""
