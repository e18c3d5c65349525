"""The rules of the pathway by what they are about: each predicate stands beside what follows from
it."""
