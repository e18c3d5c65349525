"""The pages that a supervisor reads: plain HTML first, small, offline once opened, in three
languages."""
