"""What was computed, as data: the Program, how it is recorded, read, pruned and compiled."""
