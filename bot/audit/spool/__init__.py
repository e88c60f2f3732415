"""Where records wait, durably, while the log cannot be written; they become late events of it."""
