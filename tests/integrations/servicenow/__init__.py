"""ServiceNow, played over HTTP."""
