"""Doors: where people come in. The command line."""
