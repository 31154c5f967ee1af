"""The step as a graph: warmed up, captured once, replayed with one launch; and what is done where it cannot."""
