"""Who is on call, read from oncall.yaml, and who is told where nobody answers a request."""
