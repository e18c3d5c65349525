"""What stands before every request: bounds, proxies, problems as RFC 9457, logs and metrics."""
