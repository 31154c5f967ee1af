"""PyTorch tensors, on the CPU and on CUDA devices."""

from bpcore_torch.plugin import torch

__all__ = ["torch"]
