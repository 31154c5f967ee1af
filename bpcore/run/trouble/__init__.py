"""Trouble: where it began, what is wrong, and what to do about it."""
