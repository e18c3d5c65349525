"""A believable, dirty registry that nobody lived in: hidden growth, illness, care and recording,
and the truth.

Nothing here reads `features/`, `care/` or `models/`, nor shares a constant with them: what is
judged on these registries must not have been made from the same numbers.
"""
