"""Stored children as FHIR R4 resources: for `sanket export` and the routes of /fhir."""
