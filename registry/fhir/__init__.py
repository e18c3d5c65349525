"""FHIR R4 resources to the contract's tables, and the codes that both directions share."""
