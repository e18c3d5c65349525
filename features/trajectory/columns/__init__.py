"""The feature columns by what they are about: the child, its series, its care, its life,
compiled."""
