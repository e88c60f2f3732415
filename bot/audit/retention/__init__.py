"""How long the log keeps what was recorded: holds, pruning, archives."""
