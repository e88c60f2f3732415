"""The durable flow of a deploy, and what it looks like while it runs."""
