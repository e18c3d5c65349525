"""WHO's growth standards: measurements in, z-scores out, and back."""
