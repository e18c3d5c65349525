"""Growth charts: a child's points on WHO's curves, as SVG or PNG."""
