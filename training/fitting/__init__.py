"""From landmark rows to a bundle: examples, priors, fit, tuning, calibration."""
