"""Break-glass, stop-all, and the reviews that follow."""
