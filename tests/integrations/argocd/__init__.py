"""Argo CD, played."""
