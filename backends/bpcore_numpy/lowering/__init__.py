"""From a Program to straight-line NumPy: planned memory, ``out=``, and nothing allocated on the way."""
