"""theano.printing: graphs as text and pictures, values as they are computed."""

from __future__ import annotations

from typing import Any

from gradc import printing
from gradc.ops import watch
from gradc.printing import debugprint, min_informative_str, pp, pprint, var_descriptor

__all__ = [
    "Print", "debugprint", "min_informative_str", "pp", "pprint", "pydotprint", "var_descriptor",
]  # fmt: skip

Print = watch.Print


def pydotprint(
    fct: Any, outfile: Any = None, compact: bool = True, format: str = "png",
    with_ids: bool = False, high_contrast: bool = True, cond_highlight: Any = None,
    colorCodes: Any = None, max_label_size: int = 70, scan_graphs: bool = False,
    var_with_name_simple: bool = False, print_output_file: bool = True,
    return_image: bool = False,
) -> Any:  # fmt: skip
    """Draw a graph into a file, as gradc.printing.pydotprint does, and say where it is.

    Colours, cond_highlight and scan_graphs are Theano's, and change nothing.
    """
    found = printing.pydotprint(
        fct, outfile, compact, format, with_ids, high_contrast, max_label_size,
        var_with_name_simple, return_image,
    )  # fmt: skip
    if print_output_file and not return_image:
        print(f"The output file is available at {outfile or found}")
    return found
