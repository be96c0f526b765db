"""theano.tensor.signal: what of it is here, see gradc.compat.theano.missing."""
