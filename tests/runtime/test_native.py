"""The runtime's C: clean under every warning, and right about Python's and numpy's objects."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
import sysconfig
from pathlib import Path

import numpy as np
import pytest

from gradc.runtime._native import describe
from tests.runtime import clib


@pytest.mark.parametrize("compiler", ["gcc", "clang"])
def test_no_warnings(compiler: str, tmp_path: Path, thorough: bool) -> None:
    if shutil.which(compiler) is None:
        pytest.skip(f"no {compiler} here")
    folders = [clib.ROOT / "csrc/runtime", clib.ROOT / "csrc/python"]
    sources = sorted(file for folder in folders for file in folder.glob("*.c"))
    assert sources
    level = "-O2" if thorough or compiler == "gcc" else "-O1"  # clang warns before it optimises
    every = 1 if thorough or compiler == "gcc" else 4
    for number, source in enumerate(sources[::every]):
        subprocess.run(
            [
                *(compiler, *clib.STRICT, level, "-Wvla", "-Wframe-larger-than=8192"),
                *("-Wshadow", "-Wstrict-prototypes", "-Wmissing-prototypes"),
                *(f"-I{clib.ROOT / 'csrc' / each}" for each in ("inline", "runtime")),
                *("-c", str(source)),
                *("-o", str(tmp_path / f"{number}.o")),
            ],
            check=True,
            timeout=60,
        )


def test_arrays_are_read_where_they_lie() -> None:
    base = np.zeros((4, 6), "complex128")
    for array in (base, base.T, base[1:, ::-2], base[0, 0:0], base[..., None], np.array(3.0)):
        address, number, flags, numbers = describe(array)
        assert address == array.__array_interface__["data"][0]
        assert number == array.dtype.num
        assert numbers == [*array.shape, *array.strides]
        orders = array.flags.c_contiguous * 1 + array.flags.f_contiguous * 2
        assert flags & 3 == orders


def test_what_is_no_array_is_told_apart() -> None:
    array = np.zeros(3)
    for other in (1, None, "text", np.float64(1), array.view(np.recarray), [array]):
        assert describe(other) is None


PROTOTYPE = re.compile(
    r"^(?!typedef)(?:extern )?[\w ]+[ *](?:Py|_Py)\w+(?:\([^;]*\))?;$", re.MULTILINE
)


def test_declarations_of_the_stable_abi_agree_with_python_h(tmp_path: Path) -> None:
    include = Path(sysconfig.get_path("include"))
    if not (include / "Python.h").exists():
        pytest.skip("no Python.h here")
    text = (clib.ROOT / "csrc/python/abi3.h").read_text()
    ours = re.sub(r"/\*.*?\*/", "", text, flags=re.DOTALL)
    prototypes = PROTOTYPE.findall(ours)
    assert len(prototypes) >= 50
    # The compiler refuses a second declaration that differs from the first.
    program = "#define Py_LIMITED_API 0x030B0000\n#include <Python.h>\n" + "\n".join(prototypes)
    for name in re.findall(r"(METH_\w+|Py_tp\w+|Py_TPFLAGS_\w+) = ", ours):
        value = re.search(rf"{name} = ([^,}}]+?)[,\s}}]*(?:,|}})", ours)
        assert value is not None
        program += f'\n_Static_assert({name} == ({value[1]}), "{name}");'
    file = tmp_path / "declarations.c"
    file.write_text(program)
    command = ["cc", "-std=c11", "-Wall", "-Werror", "-fsyntax-only", f"-I{include}", str(file)]
    subprocess.run(command, check=True, timeout=60)


STRUCTS = {
    "PyObject": ("ob_refcnt", "ob_type"),
    "PyMethodDef": ("ml_name", "ml_meth", "ml_flags", "ml_doc"),
    "PyGetSetDef": ("name", "get", "set", "doc", "closure"),
    "PyType_Slot": ("slot", "pfunc"),
    "PyType_Spec": ("name", "basicsize", "itemsize", "flags", "slots"),
    "PyModuleDef": ("m_base", "m_name", "m_doc", "m_size", "m_methods", "m_slots", "m_free"),
}


def test_structs_of_the_stable_abi_agree_with_python_h(tmp_path: Path) -> None:
    include = Path(sysconfig.get_path("include"))
    if not (include / "Python.h").exists():
        pytest.skip("no Python.h here")
    layouts = []
    limited = "#define Py_LIMITED_API 0x030B0000\n#include <Python.h>"
    for header in (limited, '#include "abi3.h"'):
        numbers = "\n".join(
            f"sizeof({name}), " + "".join(f"offsetof({name}, {field}), " for field in fields)
            for name, fields in STRUCTS.items()
        )
        program = (
            f"{header}\n#include <stddef.h>\n#include <stdio.h>\nint main(void)\n{{\n"
            f"size_t numbers[] = {{{numbers}}};\n"
            'for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++)\nprintf("%zu ", '
            "numbers[i]);\n}"
        )
        file = tmp_path / "layout.c"
        file.write_text(program)
        folders = [f"-I{include}", f"-I{clib.ROOT / 'csrc/python'}"]
        command = ["cc", "-std=c11", *folders, str(file), "-o", str(tmp_path / "layout")]
        subprocess.run(command, check=True, timeout=60)
        done = subprocess.run([tmp_path / "layout"], check=True, capture_output=True, text=True)
        layouts.append(done.stdout)
    assert layouts[0] == layouts[1]


def test_other_builds_of_python_are_refused() -> None:
    for change, words in (
        ("sys.abiflags += 't'", "free-threaded Python"),
        (
            "import numpy, builtins\nbuiltins.object = type('o', (), {'__basicsize__': 32})",
            "other object headers",
        ),
    ):
        code = f"import sys\n{change}\nimport gradc"
        done = subprocess.run(
            [sys.executable, "-c", code], capture_output=True, text=True, cwd=clib.ROOT, timeout=60
        )
        assert done.returncode == 1
        assert done.stderr.splitlines()[-1].startswith("ImportError: gradc: this ")
        assert words in done.stderr


def test_parts_of_another_version_say_what_to_run() -> None:
    code = (
        "import sys, types\n"
        "sys.modules['gradc.runtime._call'] = types.ModuleType('gradc.runtime._call')\n"
        "import gradc\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60)
    last = done.stderr.strip().splitlines()[-1]
    assert last.startswith("ImportError: gradc: its compiled parts are missing, or are those of")
    assert "pip install -e ." in last
