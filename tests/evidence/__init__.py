"""The evidence of a change: everything in it, nothing beside it, and it verifies alone."""
