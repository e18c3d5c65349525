"""What is known about a child on a day: the clock, WHO z-scores, status, episodes, trajectories."""
