"""Build the runtime library and bring BLAS along; everything else is in pyproject.toml.

The runtime is a plain shared library of csrc/runtime (gradc/runtime/_build.py says why it is no
extension module), so one wheel serves every Python of a platform.  BLAS is the library of the
package scipy-openblas32, a pinned requirement of the build alone: it is copied in with its
licence, as its maintainers ask and as numpy and scipy do.
"""

import os
import shlex
import shutil
from glob import glob
from importlib.metadata import files
from pathlib import Path

from setuptools import Extension, find_namespace_packages, setup
from setuptools.command.bdist_wheel import bdist_wheel
from setuptools.command.build_ext import build_ext

LIBRARY = "gradc.runtime.libgradc"
FLAGS = ["-std=c11", "-O2", "-g1", "-fPIC", "-shared", "-pthread", "-fvisibility=hidden"]


class BuildRuntime(build_ext):
    """Compile csrc/runtime, and lay BLAS into the package beside it."""

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
        command += [*FLAGS, *(f"-I{folder}" for folder in ext.include_dirs), *ext.sources]
        self.spawn([*command, "-o", str(target), "-ldl", "-lm"])

    def get_ext_filename(self, fullname):
        """Give the library a name without a Python version: it has nothing to do with one."""
        return os.path.join(*fullname.split(".")) + ".so"

    def get_outputs(self):
        """Name the files of BLAS among what was built."""
        return super().get_outputs() + [str(target) for _, target in self._blas_files()]

    def _blas_files(self):
        import scipy_openblas32  # here, because `sdist` needs no BLAS

        home = Path() if self.inplace else Path(self.build_lib)
        folder = home / "gradc" / "_blas"
        found = [
            path
            for path in Path(scipy_openblas32.get_lib_dir()).iterdir()
            if path.name.startswith("libscipy_openblas")
        ]
        found += [
            Path(str(file.locate()))
            for file in files("scipy-openblas32") or []
            if file.name.upper().startswith("LICENSE")
        ]
        return [(path, folder / path.name) for path in found]


class PlatformWheel(bdist_wheel):
    """A wheel for one platform and every Python 3."""

    def get_tag(self):
        """Keep the platform of the tag, drop the interpreter."""
        return "py3", "none", super().get_tag()[2]


setup(
    cffi_modules=["gradc/runtime/_build.py:ffi"],
    ext_modules=[
        Extension(
            LIBRARY,
            sources=sorted(glob("csrc/runtime/*.c")),
            include_dirs=["csrc/inline"],
            depends=[*glob("csrc/runtime/*.h"), "csrc/inline/gradc/abi.h"],
        )
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
        "gradc._templates": ["**/*"],
        "gradc._csrc": ["**/*.c", "**/*.h"],
    },
    include_package_data=False,
)
