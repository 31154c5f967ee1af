"""The step as a graph: warmed up, captured, replayed with one launch; or run as it is where that fails."""
