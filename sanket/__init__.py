"""The front door: the command `sanket`, which only binds verbs to functions."""
