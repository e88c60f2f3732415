"""The access review, from chat."""
