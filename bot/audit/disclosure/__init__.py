"""Sensitive texts: digests in the record, the texts themselves sealed beside it until redacted."""
