"""A rented hour on a GPU in one script, ten minutes at most: ``python -m benchmarks.gpu``.

In this order, and each piece is written down as soon as it is there:

1. *facts*: the device, and versions
2. *device*: the tests of kernels, products, lowering and capture, each file in a process of its own
3. *parity*: three trainings beside NumPy, each in two dtypes, function by function
4. *floors*: what a launch costs the host, what a node of a graph takes, how fast memory is copied
5. *products*: the products of the workloads, through CuPy and through ours, by precision and algorithm
6. *offers*: what cuBLASLt offers for them, and why what is not taken is not
7. *steps*: training steps of the workloads, ours eager and captured, PyTorch's and JAX's, end losses compared
8. *conformance*: every other test on the device's axis, in what is left of the time

Where there is no GPU it ends with 2 and one line. ``--backend torch --small`` tries the script without one.
"""
