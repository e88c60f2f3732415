"""Allow-listed scripts: what a site lets be run, on this machine, over SSH and over WinRM."""
