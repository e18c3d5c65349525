"""A child's trajectory as of a day: growth points, their series, and one feature row for each
question."""
