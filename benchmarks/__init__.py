"""Measures what we promise, as ratios against something on the same machine."""
