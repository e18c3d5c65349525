"""A month beside the months before it: what drift looks at."""
