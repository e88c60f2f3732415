"""TeamCity, played, and what is particular to it."""
