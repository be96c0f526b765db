"""theano.tests.breakpoint: stop in the debugger when a value is computed."""

from gradc.ops.watch import PdbBreakpoint

__all__ = ["PdbBreakpoint"]
