"""The change register."""
