"""The score book: what was said of each child on each day, and the outcomes of visits on their
way."""
