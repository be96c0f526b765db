"""theano.sandbox: what of it is here, see gradc.compat.theano.missing."""

import gradc.compat.theano.sandbox.rng_mrg as rng_mrg

__all__ = ["rng_mrg"]
