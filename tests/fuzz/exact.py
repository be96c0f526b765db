"""Which operations round, and which jump: by name, where kind and dtype do not tell."""

__all__ = ["CANCELS", "COMPARED", "JUMPS", "LINEAR", "MOVES", "ORDERS", "PICKS", "SLOW", "STOPS"]

# Kinds whose elements are elements of an operand.
MOVES = frozenset(
    ("View", "Relabel", "LengthOf", "Iota", "Gather", "Join", "Check", "Leaf", "Routine")
)

# A small change of an operand may be a large one of the result: only for exact operands.
JUMPS = frozenset(
    (
        "floor", "ceil", "trunc", "sign", "round_half_to_even", "round_half_away_from_zero",
        "int_div", "mod", "argmax", "argmin", "any", "all", "isnan", "isinf", "eq", "neq", "lt",
        "le", "gt", "ge", "and", "or", "xor", "invert", "argsort", "argtopk", "searchsorted",
        "row_order", "nonzero_flat", "counts", "lengths_fit", "count_nonzero", "copysign",
    )
)  # fmt: skip

# Routines that round, and what is composed of them: linear algebra.  Some fail at odd numbers.
LINEAR = frozenset(
    (
        "cholesky", "nan_cholesky", "triangular_solve", "factored_solve", "factored_inverse",
        "factored_logdet", "lu_solve", "lu_inverse", "lu_det", "lu_logabs", "solve",
        "solve_triangular", "matrix_inverse", "det", "svd_thin", "svd_full", "singular_values",
        "pinv_of", "pinv", "eigen", "eigenvalues", "eigvalsh", "qr_thin", "qr_complete", "expm",
        "matrix_power",
    )
)  # fmt: skip

# The result is one of the operands, or one but for its sign or dtype.
PICKS = frozenset(
    (
        "neg", "abs", "maximum", "minimum", "switch", "clip", "relu", "cast", "max", "min", "peak",
        "pool_max",
    )
)  # fmt: skip

# How many operands, the first, are asked whether they are equal and not added up.
COMPARED = {"pool_along": 2, "pool_back": 2}

# Elementwise, but a sum inside, or a 0 between two floats: there they have its terms' digits.  And
# exp, of which a stable softmax subtracts something first, and what holds powers of operands.
CANCELS = frozenset(
    (
        "exp", "logaddexp", "logaddexp2", "gammaln", "betaln", "digamma", "sinc", "sinc_slope",
        "j0", "j1", "gammainc", "gammaincc",
    )
)  # fmt: skip

# Judged number by number, in Python: for small arrays.
SLOW = frozenset(
    (
        "gamma", "gammaln", "digamma", "trigamma", "polygamma_of_order", "betaln", "gammainc",
        "gammaincc", "gammainc_slope", "erfinv", "erfcinv", "erfcx", "drawn_gamma",
        "drawn_gamma_slope", "drawn_poisson", "drawn_binomial", "logit", "sinc",
        "sinc_slope", "i0", "i1", "i0e", "i1e", "j0", "j1",
    )
)  # fmt: skip

# They choose between 0.0 and -0.0 as they like, as numpy's own loops do.
ORDERS = frozenset(("maximum", "minimum", "max", "min", "clip", "relu", "peak", "sort"))

# What their gradient is, the user says: it is not the slope.
STOPS = frozenset(
    (
        "disconnected_grad", "consider_constant", "zero_grad", "undefined_grad", "grad_clip",
        "grad_scale", "peak",
    )
)  # fmt: skip
