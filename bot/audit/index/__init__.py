"""The search index: derived from the log, disposable, and never believed.

A shard is one file of SQLite over a fixed range of sequence numbers. It answers with candidates;
whether one matches is decided on the event itself, after its bytes were hashed again.
"""
