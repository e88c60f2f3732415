"""Change freezes, from chat."""
