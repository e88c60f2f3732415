"""The hospital's sign-in page: a small OpenID Connect provider of its own, on loopback."""
