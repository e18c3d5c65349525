"""What the book holds of areas: figures by level, forecasts, outlines."""
