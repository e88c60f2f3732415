"""The audit log, from chat."""
