"""The running service: its settings, its start, and what every request of it shares."""
