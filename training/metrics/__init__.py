"""Metrics as pure functions of arrays: discrimination, calibration, usefulness."""
