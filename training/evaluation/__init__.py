"""How a model is judged: held-out rows, visit lists, subgroups, stability, other outcomes."""
