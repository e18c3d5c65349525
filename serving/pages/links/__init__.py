"""The page at which an officer decides whether two records are one child."""
