"""The traced array: an array that remembers where it came from, and the tape that it is on."""
