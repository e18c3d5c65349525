"""The care pathway: facts of a child on a day lead to one state, the next step, and the rule behind
it."""
