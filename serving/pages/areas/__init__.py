"""The officers' rooms: one page for an area of any level, from the state to the centre, and what it
shows."""
