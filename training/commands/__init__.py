"""What `sanket` and `mlflow run` call: train, evaluate, backtest, promote, drift, recalibrate."""
