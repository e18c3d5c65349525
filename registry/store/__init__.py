"""The store: one SQL database that keeps every version of every row, its imports and its
quarantine."""
