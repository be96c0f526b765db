"""Settings: where they come from, which one wins, and what a wrong one says."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from gradc.errors import ArgumentError, ArgumentTypeError
from gradc.options import Config, Options, Target
from gradc.value import replace


def make(tmp_path: Path, rc: str = "", **environ: str) -> Config:
    file = tmp_path / "config.toml"
    file.write_text(rc)
    return Config({"HOME": str(tmp_path), **environ}, file)


def test_defaults(tmp_path: Path) -> None:
    options = make(tmp_path, PATH="/bin").freeze()
    assert options == Options(cache_dir=tmp_path / ".cache" / "gradc", search_path="/bin")
    assert hash(options) == hash(replace(options))


def test_code_beats_environment_beats_file_beats_default(tmp_path: Path) -> None:
    rc = 'floatX = "float32"\nthreads = 3\nlevel = 1\n'
    config = make(tmp_path, rc, GRADC_THREADS="4", GRADC_LEVEL="2")
    config.level = 0
    assert (config.floatX, config.threads, config.level, config.mode) == (
        "float32", 4, 0, "FAST_RUN",
    )  # fmt: skip
    assert config.freeze().threads == 4


def test_every_setting_has_a_variable(tmp_path: Path) -> None:
    environ = {
        "GRADC_MODE": "REFERENCE", "GRADC_FLOATX": "float32", "GRADC_ON_UNUSED_INPUT": "warn",
        "GRADC_LEVEL": "auto", "GRADC_THREADS": "2", "GRADC_CC": "clang -m64",
        "GRADC_CFLAGS": "-g -fno-inline", "GRADC_BLAS": "/lib/b.so", "GRADC_CACHE_DIR": "~/c d",
        "GRADC_CACHE_SIZE": "2000000", "GRADC_CACHE_STRICT": "yes", "GRADC_FAIL_AT": "1",
        "OMP_NUM_THREADS": "2,1", "PATH": "/p", "CC": "tcc",
    }  # fmt: skip
    expected = Options(
        mode="REFERENCE", floatX="float32", on_unused_input="warn", level=None, threads=2,
        omp_num_threads="2,1", cc="clang -m64", cflags=("-g", "-fno-inline"),
        blas=Path("/lib/b.so"), cache_dir=Path.home() / "c d", cache_size=2000000,
        cache_strict=True, fail_points=True, search_path="/p",
    )  # fmt: skip
    assert make(tmp_path, **environ).freeze() == expected


def test_cc_variable_and_cache_home(tmp_path: Path) -> None:
    options = make(tmp_path, CC="gcc-12", XDG_CACHE_HOME="/var/c").freeze()
    assert (options.cc, options.cache_dir) == ("gcc-12", Path("/var/c/gradc"))
    assert make(tmp_path, XDG_CACHE_HOME="rel").freeze().cache_dir == tmp_path / ".cache/gradc"


def test_override_restores(tmp_path: Path) -> None:
    config = make(tmp_path)
    config.threads = 2
    with config.override(threads=1, floatX="float32"):
        assert (config.threads, config.floatX) == (1, "float32")
    assert (config.threads, config.floatX) == (2, "float64")
    with pytest.raises(ArgumentError), config.override(threads=1, floatX="float8"):
        raise AssertionError
    assert config.threads == 2


def test_wrong_settings_say_so(tmp_path: Path) -> None:
    config = make(tmp_path)
    with pytest.raises(ArgumentError) as caught:
        config.floatX = "float16"
    assert str(caught.value) == (
        "config.floatX: 'float16' is not one of float32, float64.\n"
        "  Fix: set it to one of float32, float64."
    )
    with pytest.raises(ArgumentTypeError) as caught_type:
        config.threads = 2.0  # type: ignore[assignment]
    assert str(caught_type.value) == (
        "config.threads: 2.0 is not a whole number from 1 to 4096 or None.\n"
        "  Fix: set it to a whole number from 1 to 4096 or None."
    )
    with pytest.raises(ArgumentError, match=r"there is no setting 'floatx'"):
        config.floatx = "float32"  # type: ignore[attr-defined]
    for name, value in [
        ("mode", 3),
        ("cc", 3),
        ("cflags", 3),
        ("cache_strict", 3),
        ("threads", True),
    ]:
        with pytest.raises(ArgumentTypeError):
            setattr(config, name, value)
    for name, value in [("mode", "fast"), ("cc", "a\0b"), ("threads", 0), ("cache_size", 5)]:
        with pytest.raises(ArgumentError):
            setattr(config, name, value)


def test_wrong_variable_and_file_name_themselves(tmp_path: Path) -> None:
    with pytest.raises(ArgumentError, match=r"^GRADC_THREADS: 'many' is not a whole number"):
        make(tmp_path, GRADC_THREADS="many").freeze()
    with pytest.raises(ArgumentError, match=r"config\.toml: there is no setting 'thread'"):
        make(tmp_path, "thread = 3").freeze()
    with pytest.raises(ArgumentError, match=r"config\.toml: mode: 'x' is not one of"):
        make(tmp_path, "mode = 'x'").freeze()
    with pytest.raises(ArgumentError, match=r"config\.toml: .*\n  Fix: correct the file"):
        make(tmp_path, "mode = ").freeze()


def test_named_targets_are_fixed() -> None:
    target = Target.named("x86-64-v3")
    assert (target.vector_width, target.flags) == (32, ("-march=x86-64-v3",))
    assert list(target.features) == sorted(target.features)
    assert "avx2" in target.features
    with pytest.raises(ArgumentError, match="use one of x86-64, x86-64-v2"):
        Target.named("vax")


def test_import_reads_nothing() -> None:
    # numpy and cffi read the environment when they are imported; nothing of ours does
    code = "import cffi, numpy, os; os.environ = None; import gradc"
    subprocess.run([sys.executable, "-c", code], check=True, cwd=Path(__file__).parents[1])


def test_environment_of_another_user_is_ignored(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GRADC_THREADS", "7")
    monkeypatch.setattr(os, "geteuid", lambda: os.getuid() + 1)
    assert Config(rc_file=Path("/nonexistent")).threads is None
