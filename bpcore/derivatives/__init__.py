"""Derivatives: the rules, the traced array, its namespace, and the transforms made of them.

`rules` knows how each function goes back and nothing of tracing; `tape` remembers what was called;
`traced` is the array that is passed through foreign code; `namespace` joins the three for a backend;
`reverse` walks the tape back; `transforms` are what users call.
"""
