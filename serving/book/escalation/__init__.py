"""What an officer must see to: open until the records answer it or a person closes it."""
