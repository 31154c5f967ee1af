"""Derivatives, in rooms: a module imports from its own room and from those before it in this list.

`rules`
    How each function goes back; nothing of tracing.
`arrays`
    The traced array that is passed through foreign code, and the tape that remembers what was called.
`namespaces`
    The functions that users and foreign code call.
`special`
    Those that are not in the standard.
`transforms`
    Functions in, functions out: `grad` and its kin, and the walks over the tape below them.
`checks`
    Derivatives beside differences.
"""
