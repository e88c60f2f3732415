"""`runbook`: the reviewed procedures."""
