"""Planning memory: how long each array of a Program is needed, and where it may lie meanwhile."""
