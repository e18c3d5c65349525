"""The numbered checks that a model passes before it may answer for anybody."""
