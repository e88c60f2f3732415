"""What is typed as `lock ...`."""
