"""A hospital's own ticket system: tickets follow our changes, and come back."""
