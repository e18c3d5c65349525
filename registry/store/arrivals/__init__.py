"""The steps of an import within its transaction: what is new and what supersedes, the rows written,
the refused ones kept."""
