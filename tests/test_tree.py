"""Trees come apart and together again, whatever they are made of and however deep."""

from __future__ import annotations

from collections import OrderedDict, namedtuple
from dataclasses import dataclass, field

import pytest

from gradc import tree
from gradc.errors import ArgumentError

Point = namedtuple("Point", "x y")


@dataclass(frozen=True, slots=True)
class State:
    weights: object
    count: object = 0

    def __post_init__(self) -> None:
        if self.count == "refused":
            raise ValueError


@dataclass
class Params:
    w: object
    b: object = field(default=None)


TREES = [
    1.5,
    None,
    (),
    [],
    {},
    (1, [2, 3], {"a": 4, "b": (5,)}),
    Point(1, Point([2], None)),
    State({"w": 1, "b": [2, 3]}, 4),
    Params(1, Params(2)),
    OrderedDict([("b", 1), ("a", 2)]),
    {"b": 1, "a": None, 3: {"c": ()}},
]


@pytest.mark.parametrize("given", TREES, ids=repr)
def test_there_and_back(given) -> None:
    found, structure = tree.flatten(given)
    back = tree.unflatten(structure, found)
    assert back == given
    assert type(back) is type(given)
    assert hash(structure) == hash(tree.flatten(given)[1])
    assert len(tree.names(structure)) == len(found)


def test_leaves_stand_in_order() -> None:
    assert tree.leaves((1, [2, 3], {"b": 4, "a": (5,)}, Point(6, None), State(7, 8))) == [
        1, 2, 3, 4, 5, 6, 7, 8,
    ]  # fmt: skip


def test_names_are_what_a_program_writes() -> None:
    _, structure = tree.flatten({"w": [1, 2], "s": State(Point(3, 4), 5)})
    assert tree.names(structure, "p") == [
        "p['w'][0]", "p['w'][1]", "p['s'].weights.x", "p['s'].weights.y", "p['s'].count",
    ]  # fmt: skip


def test_structures_tell_containers_keys_and_orders_apart() -> None:
    kinds = [(1, 2), [1, 2], {0: 1, 1: 2}, {"a": 1, "b": 2}, {"b": 1, "a": 2}, Point(1, 2)]
    assert len({tree.flatten(each)[1] for each in kinds}) == len(kinds)


def test_map() -> None:
    given = {"w": [1, 2], "b": (3,)}
    assert tree.map(lambda x: x * 2, given) == {"w": [2, 4], "b": (6,)}
    assert tree.map(lambda x, y: x - y, given, given) == {"w": [0, 0], "b": (0,)}
    with pytest.raises(ArgumentError, match="differ in structure"):
        tree.map(lambda x, y: x, given, {"w": [1], "b": (3,)})
    with pytest.raises(ArgumentError, match="the tree has 3 leaves, got 2"):
        tree.unflatten(tree.flatten(given)[1], [1, 2])


def test_a_dataclass_is_filled_without_its_checks() -> None:
    _, structure = tree.flatten(State(1, 2))
    assert tree.unflatten(structure, [1, "refused"]).count == "refused"


def test_a_deep_tree() -> None:
    deep: object = 1
    for _ in range(5000):
        deep = [deep]
    found, structure = tree.flatten(deep)
    assert found == [1]
    assert tree.leaves(tree.unflatten(structure, [2])) == [2]
