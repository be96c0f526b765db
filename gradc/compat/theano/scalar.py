"""theano.scalar: what of it programs use; operations on single numbers are those on arrays."""

from gradc.dtypes import promote

__all__ = ["upcast"]


def upcast(dtype: str, *dtypes: str) -> str:
    """The dtype that holds numbers of all of these. Raises: DTypeError for what is no dtype."""
    return promote(dtype, *dtypes)
