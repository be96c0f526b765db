"""theano.sandbox: what of it is here, see gradc.compat.theano.missing."""
