"""Two registers, one child: which rows of two registers are of the same child, without names."""
