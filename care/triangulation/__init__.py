"""Two registers of one programme held against each other: whom one has and the other has not, where
they disagree, and how many neither may know."""
