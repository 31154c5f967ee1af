"""Parts of a training run: layers, losses, optimizers, initializers, metrics, and random keys."""
