"""Ways out: a trained network, or any recorded function, as a file that needs no bpcore."""
