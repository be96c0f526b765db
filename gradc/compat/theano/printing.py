"""theano.printing: graphs as text and pictures, values as they are computed."""

from __future__ import annotations

from typing import Any

from gradc import printing
from gradc.errors import UnsupportedError, message
from gradc.ops.watch import Print
from gradc.printing import debugprint, min_informative_str, pp, pprint, var_descriptor

__all__ = [
    "Print",
    "debugprint",
    "min_informative_str",
    "pp",
    "pprint",
    "pydotprint",
    "var_descriptor",
]


def pydotprint(
    fct: Any, outfile: Any = None, compact: bool = True, format: str = "png",
    with_ids: bool = False, high_contrast: bool = True, cond_highlight: Any = None,
    colorCodes: Any = None, max_label_size: int = 70, scan_graphs: bool = False,
    var_with_name_simple: bool = False, print_output_file: bool = True,
    return_image: bool = False,
) -> Any:  # fmt: skip
    """Draw a graph: gradc.printing.pydotprint, which see, with Theano's order of arguments.

    Raises: UnsupportedError for cond_highlight.
    """
    if cond_highlight:
        what = "pydotprint: cond_highlight is not supported."
        fix = "leave it out; debugprint shows what is inside of operations."
        raise UnsupportedError(message(what, fix=fix))
    found = printing.pydotprint(
        fct, outfile, compact, format, with_ids, high_contrast, colorCodes, max_label_size,
        var_with_name_simple, return_image, scan_graphs,
    )  # fmt: skip
    if print_output_file and not return_image:
        print("The output file is available at", found or outfile)
    return found
