"""Runs: data in, training, and what is kept of it."""
