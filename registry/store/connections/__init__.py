"""Ways to the store's database beside `registry.store.bulk`: within one process, by a replica."""
