"""From a Program to calls on planned memory: kernels, products, and functions of CuPy; imports no CuPy."""
