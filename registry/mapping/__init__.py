"""Which column of an export is which of the contract's: a map (a TOML file) is proposed from the
headers and cells, corrected by a person, and applied."""
