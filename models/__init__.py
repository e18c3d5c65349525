"""What is predicted, and by what: problems, the bundle, explanations, ranking."""
