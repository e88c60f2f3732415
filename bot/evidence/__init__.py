"""The evidence of one change, in one file that an auditor can verify without us."""
