"""theano.tensor.nnet.neighbours: gradc's."""

from gradc.tensor.nnet.neighbours import images2neibs, neibs2images

__all__ = ["images2neibs", "neibs2images"]
