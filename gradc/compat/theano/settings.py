"""theano.config: assignable as Theano's, with the meaning that a setting has here.

Takes assignments and the flags of the environment; sets gradc.config.  A setting without a meaning
here (gcc.cxxflags, allow_gc) keeps what it is given, and one warning says so by name.  A name that
Theano does not have raises when a program uses it, and is warned of where a flag has it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from gradc.errors import ArgumentError, message, printable, warn_user
from gradc.options import config as gradc_config

__all__ = ["Settings", "config"]

_MODES = {
    "Mode": "FAST_RUN",
    "FAST_RUN": "FAST_RUN",
    "FAST_COMPILE": "FAST_COMPILE",
    "DEBUG_MODE": "DebugMode",
    "DebugMode": "DebugMode",
    "NanGuardMode": "NanGuardMode",
}
_QUICK = ("None", "merge", "o1", "fast_compile")


def _mode(values: Mapping[str, Any]) -> None:
    """Mode, optimizer, linker: one of gradc's modes."""
    mode = values["mode"]
    if mode not in _MODES:
        what = f"theano.config.mode: there is no mode {printable(repr(mode), 60)}."
        raise ArgumentError(message(what, fix=f"use one of {', '.join(_MODES)}."))
    chosen = _MODES[mode]
    if mode == "Mode" and str(values["optimizer"]) in _QUICK:
        chosen = "FAST_COMPILE"
    gradc_config.mode = "REFERENCE" if values["linker"] == "py" and mode == "Mode" else chosen
    gradc_config.rewrite = str(values["optimizer"]) not in ("None", "merge")


def _passed_on(name: str) -> Callable[[Mapping[str, Any]], None]:
    def apply(values: Mapping[str, Any]) -> None:
        setattr(gradc_config, name, values[name])

    return apply


def _threads(values: Mapping[str, Any]) -> None:
    gradc_config.threads = None if values["openmp"] else 1


def _cache(values: Mapping[str, Any]) -> None:
    folder = values["base_compiledir"] or values["compiledir"]
    if folder:
        gradc_config.cache_dir = Path(folder).expanduser() / "gradc"


def _checked(*choices: str) -> Callable[[Any], str]:
    def read(value: Any) -> str:
        if str(value) not in choices:
            what = f"theano.config: {printable(repr(value), 60)} is none of {', '.join(choices)}."
            raise ArgumentError(message(what, fix="use one of them."))
        return str(value)

    return read


def _truth(value: Any) -> bool:
    words = {"true": True, "1": True, "yes": True, "false": False, "0": False, "no": False}
    if str(value).lower() not in words:
        what = f"theano.config: {printable(repr(value), 60)} is neither True nor False."
        raise ArgumentError(message(what, fix="use True or False."))
    return words[str(value).lower()]


def _kept(values: Mapping[str, Any]) -> None:
    """What gradc.compat.theano looks at itself when it is needed."""


# Settings with a meaning: default, how text is read, what an assignment does.
_MEANT: dict[str, tuple[Any, Callable[[Any], Any], Callable[[Mapping[str, Any]], None]]] = {
    "floatX": ("float64", str, _passed_on("floatX")),
    "mode": ("Mode", str, _mode),
    "optimizer": ("fast_run", str, _mode),
    "linker": ("cvm", str, _mode),
    "compute_test_value": ("off", str, _passed_on("compute_test_value")),
    "on_unused_input": ("raise", str, _passed_on("on_unused_input")),
    "profile": (False, _truth, _passed_on("profile")),
    "openmp": (True, _truth, _threads),
    "base_compiledir": ("", str, _cache),
    "compiledir": ("", str, _cache),
    "warn_float64": ("ignore", _checked("ignore", "warn", "raise", "pdb"), _kept),
    "unittests.rseed": ("666", str, _kept),
    "exception_verbosity": ("low", _checked("low", "high"), _kept),  # all is always said
    "device": ("cpu", str, _kept),
}

# Settings without a meaning here, at Theano's defaults.  A name that ends in a dot is a group, any
# name of which may be assigned.
_IDLE: dict[str, Any] = {
    "allow_gc": True, "assert_no_cpu_op": "ignore", "blas.": None, "cast_policy": "custom",
    "cache_optimizations": False, "check_input": True, "check_stack_trace": "off",
    "cmodule.": None, "compile.": None, "compute_test_value_opt": "off", "contexts": "",
    "compiledir_format": (
        "compiledir_%(short_platform)s-%(processor)s-%(python_version)s-%(python_bitwidth)s"
    ),
    "conv.": None, "ctc.": None, "cuda.": None, "cxx": "g++",
    "cycle_detection": "regular", "DebugMode.": None,
    "deterministic": "default", "dnn.": None, "enable_initial_driver_test": True,
    "experimental.": None, "force_device": False, "gcc.": None, "gpu.": None,
    "gpuarray.": None, "gpuelemwise.": None, "ignore_bug_before": "0.9", "init_gpu_device": "",
    "int_division": "int",
    "lib.": None, "magma.": None, "max_elements": 20, "metaopt.": None, "NanGuardMode.": None,
    "nocleanup": False, "numpy.": None, "nvcc.": None, "optdb.": None, "on_opt_error": "warn",
    "on_shape_error": "warn",
    "openmp_elemwise_minsize": 200000, "optimizer_excluding": "", "optimizer_including": "",
    "optimizer_requiring": "", "optimizer_verbose": False, "pickle_test_value": True,
    "print_active_device": True, "print_global_stats": False, "print_test_value": False,
    "profile_memory": False, "profile_optimizer": False, "profiling.": None, "pycuda.": None,
    "pthreads.": None, "reoptimize_unpickled_function": False, "scan.": None, "tensor.": None,
    "tag.": None, "traceback.": None, "unpickle_function": True, "vm.": None, "warn.": None,
}  # fmt: skip

_DEFAULTS: dict[str, Any] = {  # of names in groups, Theano 1.0.5's
    "blas.check_openmp": True, "blas.ldflags": "", "cmodule.age_thresh_use": 2073600,
    "cmodule.compilation_warning": False, "cmodule.debug": False, "cmodule.preload_cache": False,
    "cmodule.remove_gxx_opt": False, "cmodule.warn_no_version": False, "compile.timeout": 120,
    "compile.wait": 5, "conv.assert_shape": False, "ctc.root": "", "cuda.root": "",
    "cuda.include_path": "", "DebugMode.check_c": True, "DebugMode.check_finite": True,
    "DebugMode.check_preallocated_output": "", "DebugMode.check_preallocated_output_ndim": 4,
    "DebugMode.check_py": True, "DebugMode.check_strides": 0, "DebugMode.patience": 10,
    "DebugMode.warn_input_not_reused": True, "dnn.base_path": "", "dnn.bin_path": "",
    "dnn.conv.algo_bwd_data": "none", "dnn.conv.algo_bwd_filter": "none",
    "dnn.conv.algo_fwd": "small", "dnn.conv.precision": "as_input_f32", "dnn.enabled": "auto",
    "dnn.include_path": "", "dnn.library_path": "", "experimental.local_alloc_elemwise": True,
    "experimental.local_alloc_elemwise_assert": True, "experimental.unpickle_gpu_on_cpu": False,
    "gcc.cxxflags": "", "gpu.local_elemwise_fusion": True, "gpuarray.preallocate": 0.0,
    "gpuarray.sched": "default", "gpuarray.single_stream": True, "gpuarray.sync": False,
    "gpuelemwise.sync": True, "lib.amdlibm": False, "lib.cnmem": 0.0, "magma.enabled": False,
    "metaopt.optimizer_excluding": "", "metaopt.optimizer_including": "", "metaopt.verbose": 0,
    "NanGuardMode.action": "raise", "NanGuardMode.big_is_error": True,
    "NanGuardMode.inf_is_error": True, "NanGuardMode.nan_is_error": True,
    "numpy.seterr_all": "ignore", "numpy.seterr_divide": "None", "numpy.seterr_invalid": "None",
    "numpy.seterr_over": "None", "numpy.seterr_under": "None", "nvcc.fastmath": False,
    "optdb.max_use_ratio": 8.0, "optdb.position_cutoff": float("inf"),
    "profiling.debugprint": False, "profiling.destination": "stderr",
    "profiling.ignore_first_call": False, "profiling.min_memory_size": 1024,
    "profiling.min_peak_memory": False, "profiling.n_apply": 20, "profiling.n_ops": 20,
    "profiling.output_line_width": 512, "profiling.time_thunks": True, "scan.allow_gc": False,
    "scan.allow_output_prealloc": True, "scan.debug": False, "tensor.cmp_sloppy": 0,
    "tensor.insert_inplace_optimizer_validate_nb": -1, "tensor.local_elemwise_fusion": True,
    "traceback.compile_limit": 0, "traceback.limit": 8, "vm.lazy": None,
    "warn.argmax_pushdown_bug": False, "warn.gpu_set_subtensor1": False,
    "warn.gpusum_01_011_0111_bug": False, "warn.identify_1pexp_bug": False,
    "warn.ignore_bug_before": "0.9", "warn.inc_set_subtensor1": False,
    "warn.inc_subtensor1_opt": True, "warn.reduce_join": False, "warn.round": False,
    "warn.signal_conv2d_interface": False, "warn.subtensor_merge_bug": False,
    "warn.sum_div_dimshuffle_bug": False, "warn.sum_sum_bug": False, "warn.vm_gc_bug": False,
}  # fmt: skip


class Settings:
    """theano.config, or a group of it: attributes are settings."""

    __slots__ = ("_prefix", "_values", "_warned")

    def __init__(self, parent: Settings | None = None, prefix: str = "") -> None:
        set_ = object.__setattr__
        set_(self, "_values", {} if parent is None else parent._values)
        set_(self, "_warned", set() if parent is None else parent._warned)
        set_(self, "_prefix", prefix)

    _values: dict[str, Any]
    _warned: set[str]
    _prefix: str

    def __getattr__(self, word: str) -> Any:
        name = self._prefix + word
        if name == "floatX":
            return gradc_config.floatX
        if name in self._values:
            return self._values[name]
        if name in ("compiledir", "base_compiledir"):
            return str(gradc_config.freeze().cache_dir or "")
        if name in _MEANT:
            return _MEANT[name][0]
        if f"{name}." in _IDLE or name == "dnn.conv" or (not self._prefix and name == "unittests"):
            return Settings(self, f"{name}.")
        if name in _IDLE or name in _DEFAULTS:
            return _IDLE[name] if name in _IDLE else _DEFAULTS[name]
        raise AttributeError(f"theano.config has no setting {name!r}")

    def __setattr__(self, word: str, value: Any) -> None:
        name = self._prefix + word
        if name in _MEANT:
            self._assign(name, value)
        elif self._is_idle(name):
            self._values[name] = value
            if name not in self._warned:
                self._warned.add(name)
                text = f"theano.config.{name} has no meaning in gradc."
                warn_user(message(text))
        else:
            raise AttributeError(f"theano.config has no setting {name!r}")

    def _assign(self, name: str, value: Any) -> None:
        default, read, apply = _MEANT[name]
        if name == "device" and value != "cpu":
            text = f"theano.config.device = {value!r}: gradc computes on the processor."
            warn_user(message(text))
        before = self._values.get(name)
        self._values[name] = read(value)
        try:
            apply({key: self._values.get(key, row[0]) for key, row in _MEANT.items()})
        except Exception:
            self._values[name] = default if before is None else before
            raise

    @staticmethod
    def _is_idle(name: str) -> bool:
        return name in _IDLE or (f"{name.partition('.')[0]}." in _IDLE and "." in name)

    def load(self, flags: Mapping[str, str]) -> None:
        """Set what the environment's flags say; one warning names those without a meaning."""
        idle = []
        for name, text in flags.items():
            if name in _MEANT:
                self._assign(name, text)
            elif self._is_idle(name):
                self._values[name] = text
                idle.append(name)
            else:
                idle.append(f"{printable(name, 60)} (not a flag of Theano's)")
        self._warned.update(flags)
        if idle:
            text = f"these flags of Theano's have no meaning in gradc: {', '.join(idle)}."
            warn_user(message(text))

    def reset(self) -> None:
        """Forget everything that was assigned."""
        self._values.clear()
        self._warned.clear()

    @contextmanager
    def changed(self, settings: Mapping[str, Any]) -> Iterator[None]:
        """Other settings for a block of code; dotted names for those in groups."""
        before = {name: self._look_up(name) for name in settings}
        try:
            for name, value in settings.items():
                self._set(name, value)
            yield
        finally:
            for name, value in before.items():
                self._set(name, value)

    def _look_up(self, name: str) -> Any:
        found: Any = self
        for word in name.split("."):
            found = getattr(found, word)
        return found

    def _set(self, name: str, value: Any) -> None:
        group, _, word = name.rpartition(".")
        setattr(self._look_up(group) if group else self, word, value)


config = Settings()
