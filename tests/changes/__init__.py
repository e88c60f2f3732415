"""Change records: forms, templates, overlaps, emergencies, the calendar, closure."""
