"""theano.tests: helpers for tests of programs."""

from gradc.compat.theano.tests import breakpoint, unittest_tools

__all__ = ["breakpoint", "unittest_tools"]
