"""Fair comparisons: rates with limits by size."""
