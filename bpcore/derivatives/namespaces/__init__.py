"""The namespaces: what rules compute in, what users call, and what traced arrays answer with."""
