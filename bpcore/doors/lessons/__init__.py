"""The worked examples: each lesson's network, numbers and published digits."""
