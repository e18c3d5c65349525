"""What is told of one child."""
