"""The shipped Cedar policies, their schema and the role hierarchy."""
