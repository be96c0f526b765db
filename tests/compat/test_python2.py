"""`gradc run-theano`: what is translated, what is said, and what is left alone."""

from __future__ import annotations

import contextlib
import io
import subprocess
import sys
from pathlib import Path

import pytest

from gradc.compat.theano.python2 import BUILTINS, translate
from gradc.errors import UnsupportedError

OLD = """\
import cPickle, sys
import numpy as np
def halves(n, m):
\treturn n / m, n / 2., -n / m
d = {'a': 1}
for k, v in d.iteritems():
    print k, v
n = 7
n /= 2
try:
    raise ValueError, "no"
except ValueError, e:
    print e, n, 010, unicode("u"), long(3), `n`
print [k for k in xrange(3)], reduce(lambda a, b: a + b, [1, 2]), map(str, [1])
print halves(7, 2), np.float(2), np.asscalar(np.ones(1)), np.zeros(1, np.int).dtype == np.int
print cPickle.loads(DATA), 'a' <> 'b', d.has_key('a')
x = np.arange(3.)
y = x
x /= 2
print y.tolist()
"""


def ran(text: str, name: str = "old.py") -> tuple[list[str], dict[int, str]]:
    """The lines a program prints, and the changes by line."""
    found = translate(text, name)
    out = io.StringIO()
    names = {**BUILTINS, "__name__": "__main__"}
    with contextlib.redirect_stdout(out):
        exec(found.code, names)
    return out.getvalue().splitlines(), dict(found.changes)


def test_a_program_in_python_2() -> None:
    lines, changes = ran(OLD.replace("DATA", repr(b"S'\\xe9'\n.")))
    assert lines == [
        "a 1",
        "no 3 8 u 3 3",
        "[0, 1, 2] 3 ['1']",
        "(3, 3.5, -4) 2.0 1.0 True",
        "\xe9 True True",
        "[0.0, 0.5, 1.0]",
    ]
    assert changes[6] == "for k, v in d.iteritems():  ->  for k, v in d.items():"
    assert changes[9] == "n /= 2: whole numbers divide to whole numbers"
    assert min(changes) == 1


def test_lines_keep_their_numbers() -> None:
    with pytest.raises(ZeroDivisionError) as error:
        ran("import sys\n\nprint reduce(lambda a, b: a + b, [1])\n1 / 0\n")
    assert [each.lineno for each in error.traceback][-2] == 3  # counted from 0


def test_division_that_was_asked_for() -> None:
    assert ran("from __future__ import division\nprint 7 / 2\n")[0] == ["3.5"]


def test_symbolic_whole_numbers_divide_to_whole_numbers() -> None:
    text = "import gradc.tensor as T\ni = T.iscalar()\nprint (i / 2).dtype, (i / 2.).dtype\n"
    assert ran(text)[0] == ["int32 float64"]


def test_print_statements_that_python_3_reads_otherwise() -> None:
    assert ran('print ("%d") % 3\nprint\nprint (1).real, 2\n')[0] == ["3", "", "1 2"]


def test_python_3_is_left_alone() -> None:
    found = translate("from six.moves import xrange\nprint(7 / 2)\nfor k in xrange(2): pass\n", "x")
    assert (found.is_python2, found.changes) == (False, ())


def test_python_2_that_only_its_author_knows() -> None:
    found = translate("print(7 / 2)", "x", is_python2=True)
    assert found.is_python2
    assert (1, "7 / 2: whole numbers divide to whole numbers") in found.changes


def test_names_that_numpy_dropped() -> None:
    lines, changes = ran("import numpy\nprint(numpy.bool, numpy.Inf, numpy.product([2, 3]), 7 / 2)")
    assert lines == ["<class 'bool'> inf 6 3.5"]
    assert changes == {2: changes[2]}
    assert translate("class np: float = 1\nnp.float", "x").changes == ()
    assert ran("import numpy as np\nprint(np.cast['float32'](1).dtype)")[0] == ["float32"]


def test_what_is_neither() -> None:
    with pytest.raises(SyntaxError, match="neither Python 3 nor Python 2"):
        translate("print x y\n", "bad.py")
    with pytest.raises(SyntaxError) as info:
        translate("import theano\nprint 'a'\ny = = 3\n", "bad.py")
    assert (info.value.filename, info.value.lineno, info.value.text) == ("bad.py", 3, "y = = 3")
    with pytest.raises(SyntaxError) as info:
        translate("x = (\n", "bad.py")  # which ends too early
    assert info.value.lineno == 2


def test_only_the_program_is_shown_where_it_cannot_be_read(tmp_path: Path) -> None:
    (tmp_path / "bad.py").write_text("y = = 3\n")
    command = [sys.executable, "-m", "gradc.cli", "run-theano", "bad.py"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert done.stderr.splitlines()[0] == '  File "bad.py", line 1'
    assert "gradc" not in done.stderr


def test_without_fissix(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "fissix", None)
    python2 = sys.modules["gradc.compat.theano.python2"]
    monkeypatch.setattr(python2, "_refactoring", python2._refactoring.__wrapped__)
    with pytest.raises(UnsupportedError, match=r"pip install gradc\[theano\]"):
        translate("print 1\n", "old.py")


def test_the_command(tmp_path: Path) -> None:
    (tmp_path / "beside.py").write_text("def f(x):\n    print 'beside', x / 2\n")
    (tmp_path / "classes.py").write_text("pairs = zip([1], [2])[0]\n")  # as Python 2 it runs
    (tmp_path / "old.py").write_text(
        "import sys\nimport theano, theano.tensor as T\nfrom beside import f\n"
        "x = T.dscalar('x')\nprint theano.function([x], x * 2)(float(sys.argv[1])), __name__\n"
        "f(5); execfile(sys.argv[2])\nassert pairs != (1, 2), 'the end'\n"
    )
    command = [sys.executable, "-m", "gradc.cli", "run-theano", "--python2"]
    command += [str(tmp_path / "old.py"), "4", str(tmp_path / "classes.py")]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 1
    assert done.stdout.splitlines() == ["8.0 __main__", "beside 2"]
    assert "gradc: beside.py is Python 2, and was translated:" in done.stderr
    assert "  2: print 'beside', x / 2  ->  print('beside', x / 2)" in done.stderr
    assert 'old.py", line 7, in <module>\n    assert pairs' in done.stderr
    assert "gradc/compat" not in done.stderr
    missing = subprocess.run([*command[:-3], "nothing.py"], capture_output=True, text=True)
    assert missing.returncode == 1
    assert "there is no file nothing.py" in missing.stderr
