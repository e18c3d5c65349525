"""How a score reaches a person: the service, words, pages, paper, access, the score book."""
