"""What an officer must see to, as pages."""
