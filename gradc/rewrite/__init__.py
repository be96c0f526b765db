"""Rewriting: patterns, rules, the engine that applies them, and the passes as visible tuples."""
