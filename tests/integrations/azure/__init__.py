"""Azure DevOps: its answers as documented, and what we make of them."""
