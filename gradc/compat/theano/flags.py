"""THEANO_FLAGS and .theanorc, as Theano reads them.

Takes the environment; gives texts by dotted names: {"floatX": "float32", "blas.ldflags": ""}.
What they mean says gradc.compat.theano.settings.
"""

from __future__ import annotations

import configparser
import os
from collections.abc import Mapping
from pathlib import Path

from gradc.errors import ArgumentError, message, printable
from gradc.options import trusted_environment

__all__ = ["read_flags"]


def read_flags(environ: Mapping[str, str] | None = None) -> dict[str, str]:
    """The flags of the files that THEANORC names (or ~/.theanorc), then those of THEANO_FLAGS.

    Raises: ArgumentError for a flag without a value or a file that is no configuration.
    """
    environ = trusted_environment() if environ is None else environ
    return _of_files(environ) | _of_text(environ.get("THEANO_FLAGS", ""))


def _of_text(text: str) -> dict[str, str]:
    found = {}
    for item in filter(None, (each.strip() for each in text.split(","))):
        name, sign, value = item.partition("=")
        if not sign:
            what = f"THEANO_FLAGS: {printable(item)!r} has no value."
            raise ArgumentError(message(what, fix="write name=value, separated by commas."))
        found[name.strip()] = value.strip()
    return found


def _of_files(environ: Mapping[str, str]) -> dict[str, str]:
    home = environ.get("HOME", "")
    usual = os.path.join(home, ".theanorc") if home else ""
    names = environ.get("THEANORC", usual).split(os.pathsep)
    parser = configparser.ConfigParser(interpolation=None)
    parser.optionxform = str  # type: ignore[assignment,method-assign]  # floatX has a capital
    for path in (Path(name).expanduser() for name in names if name):
        try:
            parser.read(path, encoding="utf-8")
        except (configparser.Error, UnicodeDecodeError) as error:
            what = f"{printable(str(path))}: {printable(str(error))}"
            raise ArgumentError(message(what, fix="correct the file.")) from None
    return {
        name if section == "global" else f"{section}.{name}": value
        for section in parser.sections()
        for name, value in parser.items(section)
    }
