"""The registry contract: tables, columns, codes, bounds and rules; the registry in memory; every
error."""
