"""The machine: net, loss and optimizer as one pure function."""
