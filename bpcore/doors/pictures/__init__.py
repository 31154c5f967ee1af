"""What ``bpcore plot`` does: a subject, a picture of it, a file, and a word on that."""
