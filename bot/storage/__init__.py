"""What Wardroom keeps: one module per store, each behind its port."""
