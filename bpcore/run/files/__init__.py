"""Files: models and checkpoints, written whole, sealed, and read with suspicion."""
