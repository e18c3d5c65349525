"""How a model is made and judged: cohorts, labels, fit, calibration, evaluation, promotion."""
