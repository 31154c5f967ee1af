"""The same networks trained by each library from the same weights: ``python -m benchmarks.peers``."""
