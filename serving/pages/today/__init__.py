"""The supervisor's today: the visit list as a page, the month's plan, a child by its code."""
