"""Parity: one computation on two backends in lockstep, compared function by function."""
