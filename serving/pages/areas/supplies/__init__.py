"""Food and money on the officers' pages."""
