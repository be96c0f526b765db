"""The names under which gradc stands in for Theano: importing, leaving, and what is missing."""

from __future__ import annotations

import io
import pickle
import subprocess
import sys
import zipfile
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

import gradc
import gradc.compat.theano as compat
from gradc.errors import FileFormatError, GradcWarning


@pytest.fixture(autouse=True)
def theano() -> Iterator[None]:
    compat.install({})
    yield
    compat.uninstall()


def test_modules_are_importable_under_theanos_names() -> None:
    import theano
    import theano.gof.graph
    import theano.sandbox.rng_mrg
    import theano.tensor as T
    import theano.tensor.shared_randomstreams
    import theano.tests.unittest_tools
    from theano import ifelse, printing
    from theano.compile.nanguardmode import NanGuardMode
    from theano.tensor.nnet import conv
    from theano.tensor.signal import downsample, pool
    from theano.tensor.var import TensorVariable

    assert theano.tensor is T
    assert TensorVariable is gradc.graph.variable.Variable
    assert NanGuardMode is gradc.NanGuardMode
    assert None not in (ifelse, printing, conv, downsample, pool)


def test_import_gradc_does_not_load_it() -> None:
    code = (
        "import sys, gradc; assert not any(name.startswith('gradc.compat') for name in sys.modules)"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


def test_uninstall_takes_everything_away() -> None:
    compat.uninstall()
    assert not [name for name in sys.modules if name.partition(".")[0] == "theano"]
    with pytest.raises(ImportError):
        import theano  # noqa: F401


def test_a_foreign_theano_is_not_replaced(monkeypatch: pytest.MonkeyPatch) -> None:
    compat.uninstall()
    monkeypatch.setitem(sys.modules, "theano", sys)
    with pytest.raises(ValueError, match="theano is imported already"):
        compat.install({})


@pytest.mark.parametrize(
    "use",
    [
        "theano.ifelse.IfElse(1)",
        "T.raw_random.RandomStreamsBase(1)",
        "T.nnet.conv.ConvOp(1)",
        "T.signal.pool.MaxPoolGrad(1)",
        "theano.sparse.csr_matrix('x')",
        "T.fft.rfft(1)",
    ],
)
def test_what_is_missing_raises_at_use(use: str) -> None:
    import theano
    import theano.tensor as T

    names = {"theano": theano, "T": T}
    missing = eval(use.partition("(")[0], names)
    assert not isinstance(1, missing)
    with pytest.raises(NotImplementedError, match=r"gradc does not have .*\n  Fix: "):
        eval(use, names)


def test_variables_are_there_and_comparisons_are_no_answers() -> None:
    import theano
    import theano.tensor as T

    x = T.dmatrix("x")
    x._keras_shape = (None, 3)  # programs keep notes of their own on variables
    assert x
    assert x
    assert theano.scalar.upcast("float32", "int64") == "float64"
    assert pickle.loads(pickle.dumps(x))._keras_shape == (None, 3)
    for no_answer in (x > 0, T.eq(x, x), T.all(x)):
        with pytest.raises(TypeError, match="no truth value"):
            bool(no_answer)
    compat.uninstall()
    with pytest.raises(TypeError, match="no truth value"):
        bool(x)


def test_missing_modules_are_import_errors() -> None:
    with pytest.raises(ImportError):
        import theano.sandbox.cuda  # noqa: F401


def test_flags_of_the_environment() -> None:
    compat.uninstall()
    with pytest.warns(GradcWarning, match=r"no meaning in gradc: allow_gc, nonsense \(not a flag"):
        compat.install({"THEANO_FLAGS": "floatX=float32,mode=FAST_COMPILE,allow_gc=0,nonsense=1"})
    import theano

    assert theano.config.floatX == gradc.config.floatX == "float32"
    assert theano.config.mode == gradc.config.mode == "FAST_COMPILE"
    assert theano.tensor.matrix().dtype == "float32"
    compat.uninstall()
    assert gradc.config.floatX == "float64"
    assert gradc.config.mode == "FAST_RUN"


def test_flags_of_files(tmp_path: object) -> None:
    file = f"{tmp_path}/theanorc"
    with open(file, "w") as f:
        f.write("[global]\nfloatX = float32\n[unittests]\nrseed = 7\n")
    compat.uninstall()
    compat.install({"THEANORC": file, "THEANO_FLAGS": "floatX=float64"})
    import theano

    assert theano.config.floatX == "float64"
    assert theano.tests.unittest_tools.fetch_seed() == 7


def test_config_is_assignable() -> None:
    import theano

    theano.config.floatX = "float32"
    theano.config.compute_test_value = "ignore"
    assert gradc.config.floatX == "float32"
    assert gradc.config.compute_test_value == "ignore"
    with pytest.warns(GradcWarning, match=r"gcc\.cxxflags has no meaning"):
        theano.config.gcc.cxxflags = "-O3"
    theano.config.gcc.cxxflags = "-O2"  # said once
    assert theano.config.gcc.cxxflags == "-O2"
    assert theano.config.blas.ldflags == ""
    with pytest.raises(AttributeError, match="no setting 'floatx'"):
        theano.config.floatx = "float32"
    with pytest.raises(ValueError, match="floatX"):
        theano.config.floatX = "int8"
    theano.config.optimizer = "None"
    assert (gradc.config.mode, gradc.config.rewrite) == ("FAST_COMPILE", False)


def test_flags_for_a_block_and_a_function() -> None:
    import theano

    with theano.change_flags(floatX="float32"):
        assert theano.tensor.scalar().dtype == "float32"
    assert theano.config.floatX == "float64"

    @theano.change_flags([("floatX", "float32")])
    def made() -> str:
        return str(theano.tensor.scalar().dtype)

    assert made() == "float32"


def test_warn_float64() -> None:
    import theano
    import theano.tensor as T

    x = T.dvector("x")
    theano.config.warn_float64 = "raise"
    with pytest.raises(TypeError, match="computes in float64"):
        theano.function([x], x * 2)
    theano.config.warn_float64 = "warn"
    with pytest.warns(GradcWarning, match="computes in float64"):
        theano.function([x], x * 2)
    np.testing.assert_array_equal(theano.function([x], x)([1.0]), [1.0])


def test_parameters_are_kept_by_pkl_utils(tmp_path: Path) -> None:
    import theano
    from theano.misc.pkl_utils import CompatUnpickler, dump, load

    file = tmp_path / "params"
    w = theano.shared(np.arange(3.0), "w")
    with file.open("wb") as out:
        dump((w, w * 2), out)
    with file.open("rb") as back:
        v, double = load(back)
    np.testing.assert_array_equal(double.eval(), [0.0, 2.0, 4.0])
    assert (v.name, v is not w) == ("w", True)
    python2 = b"S'\\xe9'\np0\n."
    assert CompatUnpickler(io.BytesIO(python2)).load() == "\xe9"
    with pytest.raises(UnicodeDecodeError):
        pickle.loads(python2)


def test_archives_of_theano_are_refused() -> None:
    from theano.misc.pkl_utils import load

    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w") as file:
        file.writestr("pkl", b"cos\nsystem\n")
    archive.seek(0)
    with pytest.raises(FileFormatError, match="an archive that Theano itself wrote"):
        load(archive)


def test_pages_of_graphs(tmp_path: Path) -> None:
    import theano.d3viz
    import theano.tensor as T

    x = T.dvector("picture")
    page = theano.d3viz.d3viz(T.exp(x), str(tmp_path / "page.html"))
    assert "picture" in page.read_text()
