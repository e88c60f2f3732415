"""Messages on their way to chat."""
