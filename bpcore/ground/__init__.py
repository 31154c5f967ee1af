"""Ground to stand on: what a backend is, and where backends are found."""
