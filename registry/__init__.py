"""What was recorded: the contract, the import, the store, and a synthetic registry."""
