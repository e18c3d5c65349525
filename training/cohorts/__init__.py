"""Which child is asked about on which day, what became of it, and what weight its outcome
carries."""
