"""Interface engines: what is asked of them and told to them, on the road and over the wire."""
