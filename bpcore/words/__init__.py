"""Vocabulary: errors, trees of arrays, and the types the other floors speak in."""
