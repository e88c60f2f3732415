"""Review tasks."""
