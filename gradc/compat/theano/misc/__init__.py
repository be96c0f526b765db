"""theano.misc: what of it is here, see gradc.compat.theano.missing."""

from gradc.compat.theano.misc import pkl_utils as pkl_utils
