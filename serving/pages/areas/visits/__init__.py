"""Visits made of those planned, and what came of the lists."""
