"""Trust: gradients compared with differences, for any function and for every rule."""
