"""The visit list as people use it: lists, sheets, outcomes, filled-in lists that come back."""
