"""The audit log: who saw which child, when; and whether it is whole."""
