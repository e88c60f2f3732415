"""Changes whose tickets are in the hospital's own ticket system."""
