"""The audit log: recorded before anything happens, append-only, searchable, provable."""
