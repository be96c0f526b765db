"""The machine side: loop nests, buffers, and the border of a compiled function; no expressions."""
