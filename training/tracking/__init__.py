"""MLflow: runs, figures, models and aliases."""
