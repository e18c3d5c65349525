"""The report: one self-contained page of a model, with its figures and plots."""
