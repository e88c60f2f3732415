"""The rules that decide: checked, explained and read again."""
