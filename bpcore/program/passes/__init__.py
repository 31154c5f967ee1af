"""Passes: plain functions from Program to Program, with the same inputs and the same outputs."""
