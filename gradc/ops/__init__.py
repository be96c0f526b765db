"""Declarations of operations, one place each; importing this binds the operators of variables.

`__all__` of a module has the words of users: they are T.<word> as soon as they stand there.  What
only the code of gradc calls is imported from its module by name.
"""
# ruff: noqa: F403

from gradc.graph.methods import bind
from gradc.graph.preview import preview
from gradc.graph.variable import Input
from gradc.ops import (
    averages,
    axes,
    bessel,
    blocks,
    choosing,
    compare,
    complexes,
    convert,
    convolution,
    counting,
    create,
    crossing,
    curves,
    eigenpairs,
    einstein,
    elemwise,
    filling,
    grids,
    incomplete,
    index,
    joining,
    known,
    lengths,
    linalg,
    math,
    matrices,
    nanorder,
    nans,
    nnet,
    norms,
    order,
    orthogonal,
    padding,
    pooling,
    powers,
    prefix,
    promises,
    quantiles,
    randomness,
    reading,
    reduce,
    rejection,
    relabel,
    repeating,
    sets,
    signs,
    solving,
    special,
    stable,
    stacked,
    stacking,
    statistics,
    stops,
    subscript,
    taking,
    triangular,
    turning,
    watch,
)
from gradc.ops.averages import *
from gradc.ops.axes import *
from gradc.ops.bessel import *
from gradc.ops.blocks import *
from gradc.ops.choosing import *
from gradc.ops.compare import *
from gradc.ops.complexes import *
from gradc.ops.convert import *
from gradc.ops.convolution import *
from gradc.ops.counting import *
from gradc.ops.create import *
from gradc.ops.crossing import *
from gradc.ops.curves import *
from gradc.ops.eigenpairs import *
from gradc.ops.einstein import *
from gradc.ops.elemwise import *
from gradc.ops.filling import *
from gradc.ops.grids import *
from gradc.ops.incomplete import *
from gradc.ops.index import *
from gradc.ops.joining import *
from gradc.ops.known import *
from gradc.ops.lengths import *
from gradc.ops.linalg import *
from gradc.ops.math import *
from gradc.ops.matrices import *
from gradc.ops.nanorder import *
from gradc.ops.nans import *
from gradc.ops.nnet import *
from gradc.ops.norms import *
from gradc.ops.order import *
from gradc.ops.orthogonal import *
from gradc.ops.padding import *
from gradc.ops.pooling import *
from gradc.ops.powers import *
from gradc.ops.prefix import *
from gradc.ops.promises import *
from gradc.ops.quantiles import *
from gradc.ops.randomness import *
from gradc.ops.reading import *
from gradc.ops.reduce import *
from gradc.ops.rejection import *
from gradc.ops.relabel import *
from gradc.ops.repeating import *
from gradc.ops.sets import *
from gradc.ops.signs import *
from gradc.ops.solving import *
from gradc.ops.special import *
from gradc.ops.stable import *
from gradc.ops.stacked import *
from gradc.ops.stacking import *
from gradc.ops.statistics import *
from gradc.ops.stops import *
from gradc.ops.subscript import *
from gradc.ops.taking import *
from gradc.ops.triangular import *
from gradc.ops.turning import *
from gradc.ops.watch import *

__all__: list[str] = []
__all__ += averages.__all__
__all__ += axes.__all__
__all__ += bessel.__all__
__all__ += blocks.__all__
__all__ += choosing.__all__
__all__ += compare.__all__
__all__ += complexes.__all__
__all__ += convert.__all__
__all__ += convolution.__all__
__all__ += counting.__all__
__all__ += create.__all__
__all__ += crossing.__all__
__all__ += curves.__all__
__all__ += eigenpairs.__all__
__all__ += einstein.__all__
__all__ += elemwise.__all__
__all__ += filling.__all__
__all__ += grids.__all__
__all__ += incomplete.__all__
__all__ += index.__all__
__all__ += joining.__all__
__all__ += known.__all__
__all__ += lengths.__all__
__all__ += linalg.__all__
__all__ += math.__all__
__all__ += matrices.__all__
__all__ += nanorder.__all__
__all__ += nans.__all__
__all__ += nnet.__all__
__all__ += norms.__all__
__all__ += order.__all__
__all__ += orthogonal.__all__
__all__ += padding.__all__
__all__ += pooling.__all__
__all__ += powers.__all__
__all__ += prefix.__all__
__all__ += promises.__all__
__all__ += quantiles.__all__
__all__ += randomness.__all__
__all__ += reading.__all__
__all__ += reduce.__all__
__all__ += rejection.__all__
__all__ += relabel.__all__
__all__ += repeating.__all__
__all__ += sets.__all__
__all__ += signs.__all__
__all__ += solving.__all__
__all__ += special.__all__
__all__ += stable.__all__
__all__ += stacked.__all__
__all__ += stacking.__all__
__all__ += statistics.__all__
__all__ += stops.__all__
__all__ += subscript.__all__
__all__ += taking.__all__
__all__ += triangular.__all__
__all__ += turning.__all__
__all__ += watch.__all__

bind(
    **{name: globals()[name] for name in __all__},
    fit=lengths.fit,
    getitem=subscript.getitem,
    norm_method=norms.norm_method,
    preview=preview,
    make_input=Input,
    reshape_method=relabel.reshape_method,
    shape_tuple=lengths.shape_tuple,
    static_index=convert.static_index,
)
