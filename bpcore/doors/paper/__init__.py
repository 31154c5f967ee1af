"""Backpropagation on paper: one step as lines of symbol, formula, numbers and result."""
