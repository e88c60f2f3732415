"""Change records: what they must say, templates of standard ones, overlaps, the calendar."""
