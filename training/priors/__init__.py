"""The smoother's priors: learnt from a registry's own records, and judged by the next reading."""
