"""What is predicted, and by what: targets, the bundle, explanations, ranking."""
