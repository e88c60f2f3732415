"""Runbooks: the reviewed file, what is wrong with it, and how it looks on paper and in chat."""
