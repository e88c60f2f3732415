"""What probes remember, and whom they tell."""
