"""Stop-all."""
