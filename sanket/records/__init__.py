"""Verbs of what was recorded: import, its quality, and two registers of one child."""
