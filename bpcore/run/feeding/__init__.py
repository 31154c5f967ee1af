"""Feeding: where samples come from, in what order, and how steps are made of them."""
