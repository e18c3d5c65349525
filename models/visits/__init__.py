"""The visit list: who is listed, in which order, and along which route."""
