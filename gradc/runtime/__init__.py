"""From C text to a function that Python calls: toolchain, cache, loading, the call path."""
