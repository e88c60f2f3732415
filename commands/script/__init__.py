"""Scripts that a site lets be run: on this machine, over SSH, and on Windows."""
