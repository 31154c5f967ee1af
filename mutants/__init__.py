"""Mutation testing of the table of rules: ``python -m mutants`` breaks it in every way, one at a time.

What is broken must not pass the checks, or a test; what does is a survivor, and is listed with the reason.
"""
