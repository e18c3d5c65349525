"""Bulk for tools: visit lists, children and indicators of a run as CSV, Parquet and JSON lines."""
