"""`POST /v1/score` and `/v1/classify`: children with their records in, what is said of each out."""
