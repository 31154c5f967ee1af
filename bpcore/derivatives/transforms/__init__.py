"""Transforms, functions in and functions out: tracing, the walks over the tape, and what users call."""
