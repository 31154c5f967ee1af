"""Standalone HTML pages: of a training run, and of an explanation."""
