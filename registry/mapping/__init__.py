"""From an export's headers, formats and shapes to the contract's columns: maps, proposed and
applied."""
