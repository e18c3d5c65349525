"""Where monthly counts come from: a table, or a store."""
