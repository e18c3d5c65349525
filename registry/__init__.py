"""What was recorded: the contract, the import, the store, and a synthetic registry."""

from registry.machine.kernel_cache import keep_by_sources

# Every room imports this one first: before any function is compiled.
keep_by_sources()
