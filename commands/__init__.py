"""The commands: the path is what you type; one file is one command."""
