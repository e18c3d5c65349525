"""The API's routes under /v1, the probes, and the API's reference."""
