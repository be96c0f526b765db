"""Build the runtime and bring BLAS along; everything else is in pyproject.toml.

Two libraries, both by one call of the C compiler and without Python.h: csrc/runtime, which knows no
Python, and csrc/python, the call path, an extension module of CPython's stable ABI (csrc/python/
abi3.h).  So one wheel serves every Python from 3.11 on.  BLAS is the library of the package
scipy-openblas32, a pinned requirement of the build alone: it is copied in with its licence, as its
maintainers ask and as numpy and scipy do.
"""

import os
import platform
import shlex
import shutil
import sys
from glob import glob
from importlib.metadata import files
from pathlib import Path

from setuptools import Extension, find_namespace_packages, setup
from setuptools.command.bdist_wheel import bdist_wheel
from setuptools.command.build_ext import build_ext

LIBRARY, CALL = "gradc.runtime.libgradc", "gradc.runtime._call"
# Multiply and add in one instruction is what these files are for; elsewhere it is spelled out.
_FMA = ["-ffp-contract=fast", "-mfma"]
PANELS = {
    "baseline": ["-ffp-contract=fast", "-DVECTOR_BYTES=16"],
    "avx2": [*_FMA, "-mavx2", "-DVECTOR_BYTES=32"],
    "avx512": [*_FMA, "-mavx512f", "-DVECTOR_BYTES=64", "-DNARROWER=gcr_small_avx2"],
}
FLAGS = ["-std=c11", "-O2", "-g1", "-fPIC", "-shared", "-pthread", "-fvisibility=hidden"]
# The extension finds the library beside itself, before any that LD_LIBRARY_PATH may name, and
# Python's functions in the process.
if sys.platform == "darwin":
    LINK_LIBRARY = ["-Wl,-install_name,@rpath/libgradc.so"]
    LINK_CALL = ["-Wl,-rpath,@loader_path", "-undefined", "dynamic_lookup"]
else:
    LINK_LIBRARY = ["-Wl,-soname,libgradc.so"]
    LINK_CALL = ["-Wl,-rpath,$ORIGIN", "-Wl,--disable-new-dtags"]


class BuildRuntime(build_ext):
    """Compile csrc/runtime and csrc/python, and lay BLAS into the package beside them."""

    def run(self):
        """Build everything."""
        super().run()
        for source, target in self._blas_files():
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(source, target)

    def build_extension(self, ext):
        """Call the C compiler once; the flags Python was built with are of no use here."""
        target = Path(self.get_ext_fullpath(ext.name))
        target.parent.mkdir(parents=True, exist_ok=True)
        command = shlex.split(os.environ.get("CC", "cc"))
        command += [*FLAGS, *(f"-I{folder}" for folder in ext.include_dirs)]
        objects = self._panels(command) if ext.name == LIBRARY else []
        command += [*ext.sources, *objects, "-o", str(target), *ext.extra_link_args, "-ldl", "-lm"]
        if ext.name == CALL:
            command.append(self.get_ext_fullpath(LIBRARY))
        self.spawn(command)

    def _panels(self, command):
        """Compile the products once an instruction set; which is used is decided at run time."""
        objects = []
        for name, flags in PANELS.items():
            if name == "baseline" or platform.machine() in ("x86_64", "AMD64"):
                objects.append(os.path.join(self.build_temp, f"panels_{name}.o"))
                os.makedirs(self.build_temp, exist_ok=True)
                names = (f"-DPANELS=gcr_panels_{name}", f"-DSMALL=gcr_small_{name}")
                kernel = [*command, "-O3", *names, *flags, "-c", "csrc/panels/panels.c"]
                kernel.remove("-shared")
                self.spawn([*kernel, "-o", objects[-1]])
        return objects

    def get_ext_filename(self, fullname):
        """Give the libraries names without a Python version: one has nothing to do with Python."""
        suffix = ".abi3.so" if fullname.endswith(CALL.rpartition(".")[2]) else ".so"
        return os.path.join(*fullname.split(".")) + suffix

    def get_outputs(self):
        """Name the files of BLAS among what was built."""
        return super().get_outputs() + [str(target) for _, target in self._blas_files()]

    def _blas_files(self):
        import scipy_openblas32  # here, because `sdist` needs no BLAS

        home = Path() if self.inplace else Path(self.build_lib)
        folder = home / "gradc" / "_blas"
        # Under a name of ours: tools that set the threads of every OpenBLAS they recognise would
        # set this one's too, which belongs inside our pool (docs/design.md: one pool of threads).
        found = [
            (path, folder / path.name.replace("libscipy", "libgradc", 1))
            for path in Path(scipy_openblas32.get_lib_dir()).iterdir()
            if path.name.startswith("libscipy_openblas")
        ]
        found += [
            (Path(str(file.locate())), folder / file.name)
            for file in files("scipy-openblas32") or []
            if file.name.upper().startswith("LICENSE")
        ]
        return found


class PlatformWheel(bdist_wheel):
    """A wheel for one platform and every CPython from 3.11 on."""

    def get_tag(self):
        """Keep the platform of the tag; name the first Python and the stable ABI."""
        return "cp311", "abi3", super().get_tag()[2]


setup(
    cffi_modules=["gradc/runtime/_build.py:ffi"],
    ext_modules=[
        Extension(
            LIBRARY,
            sources=sorted(glob("csrc/runtime/*.c")),
            include_dirs=["csrc/inline"],
            depends=[*glob("csrc/runtime/*.h"), *glob("csrc/panels/*"), "csrc/inline/gradc/abi.h"],
            extra_link_args=LINK_LIBRARY,
        ),
        Extension(
            CALL,
            sources=sorted(glob("csrc/python/*.c")),
            include_dirs=["csrc/inline", "csrc/runtime"],
            depends=[*glob("csrc/*/*.h"), "csrc/inline/gradc/abi.h"],
            extra_link_args=LINK_CALL,
        ),
    ],
    cmdclass={"build_ext": BuildRuntime, "bdist_wheel": PlatformWheel},
    # Folders that begin with an underscore are data: two of them stand at the top of the checkout.
    packages=[
        *find_namespace_packages(include=["gradc", "gradc.*"], exclude=["gradc._*"]),
        "gradc._templates",
        "gradc._csrc",
    ],
    package_dir={"gradc._templates": "templates", "gradc._csrc": "csrc"},
    package_data={
        "gradc": ["py.typed"],
        "gradc.runtime": ["*.pyi"],
        "gradc._templates": ["**/*"],
        "gradc._csrc": ["**/*.c", "**/*.h"],
    },
    include_package_data=False,
)
