"""What a programme needs of food and money, what its store rooms hold, and how long that lasts."""
