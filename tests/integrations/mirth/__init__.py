"""The engine's REST API, played as its source documents it."""
