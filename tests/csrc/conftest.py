"""The option for long tests of vector math, and one build a compiler target for all of them."""

import pytest

from tests.csrc.drivers import TARGETS, Driver, build
from tests.csrc.functions import FUNCTIONS


def pytest_addoption(parser):
    parser.addoption(
        "--exhaustive",
        action="store_true",
        default=False,
        help="vector math: all 2^32 float32 arguments (about an hour) and 1e7 float64 ones",
    )


@pytest.fixture(scope="session")
def exhaustive(request) -> bool:
    # read with a default: pytest sees the option only when started in or above this directory
    return bool(request.config.getoption("--exhaustive", default=False))


@pytest.fixture(scope="session")
def thorough(thorough, exhaustive) -> bool:
    """Else half the points, and -O1 where a build is not about how it was optimised."""
    return thorough or exhaustive


@pytest.fixture(scope="session", params=TARGETS, ids=str)
def driver(request, tmp_path_factory) -> Driver:
    return build(request.param, FUNCTIONS, tmp_path_factory.mktemp("csrc"))
