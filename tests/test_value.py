"""Frozen values: equality, hash, defaults, replacing and pickling; nothing can be assigned."""

from __future__ import annotations

import json
import pickle
from collections.abc import Callable
from dataclasses import FrozenInstanceError
from typing import ClassVar

import pytest

from gradc.value import field_names, fields_of, frozen, is_value, keyed, record, replace, value


@value
class Point:
    """Two numbers."""

    kind: ClassVar[str] = "point"

    x: int
    y: tuple[int, ...] = ()

    @property
    def total(self) -> int:
        return self.x + sum(self.y)


@value
class Single:
    """One."""

    x: object


@keyed
class Key:
    """A key that counts how often what it holds is hashed."""

    x: object


@frozen
class Thing:
    """Told apart by identity."""

    x: int

    def __post_init__(self) -> None:
        if self.x < 0:
            raise ValueError("negative")


def test_equal_by_value_and_class():
    assert Point(1) == Point(1, ()) == Point(x=1)
    assert hash(Point(1, (2,))) == hash(Point(1, (2,)))
    assert Point(1) != Point(2)
    assert Single(1) != Point(1)
    assert Single(Single(1)) == Single(Single(1))
    assert len({Point(1), Point(1), Single(1), Single(1)}) == 2
    assert Thing(1) != Thing(1)
    assert len({Thing(1), Thing(1)}) == 2


def test_a_key_is_hashed_once():
    class Counting:
        count = 0

        def __hash__(self) -> int:
            self.count += 1
            return 7

    inner = Counting()
    key, other = Key(inner), Key(inner)
    assert {key: 1}[key] == {key: 1}[other] == 1
    assert inner.count == 2  # once a key, however often it is looked up
    assert key == other != Key(0)
    assert field_names(Key) == ("x",)
    assert hash(pickle.loads(pickle.dumps(Key(3)))) == hash(Key(3)) == hash(replace(key, x=3))


def test_fields_defaults_and_text():
    assert field_names(Point) == ("x", "y")
    assert fields_of(Point(1)) == {"x": 1, "y": ()}
    assert json.dumps(Single(Point(1)), default=fields_of) == '{"x": {"x": 1, "y": []}}'
    assert Point(1, y=(2, 3)).total == 6
    assert Point.kind == Point(1).kind == "point"
    assert repr(Point(1)) == "Point(x=1, y=())"
    assert is_value(Point(1))
    assert not is_value(1)
    match Point(4):
        case Point(x, _):
            assert x == 4


def test_nothing_can_be_assigned():
    point = Point(1)
    with pytest.raises(FrozenInstanceError, match="'x'"):
        point.x = 2
    with pytest.raises(FrozenInstanceError, match="'x'"):
        del point.x
    with pytest.raises(FrozenInstanceError, match="'new'"):
        point.new = 2
    assert not hasattr(point, "__dict__")


def test_arguments_are_checked():
    with pytest.raises(TypeError, match="missing 1 required positional argument: 'x'"):
        Point()
    with pytest.raises(TypeError, match="unexpected keyword argument 'z'"):
        Point(1, z=2)
    with pytest.raises(ValueError, match="negative"):
        Thing(-1)


def test_replace_and_pickle():
    assert replace(Point(1, (2,)), x=3) == Point(3, (2,))
    with pytest.raises(ValueError, match="negative"):
        replace(Thing(1), x=-1)
    again = pickle.loads(pickle.dumps(Point(1, (2,))))
    assert again == Point(1, (2,))
    assert type(again) is Point


@record
class Rule:
    """Declared by name."""

    kind: ClassVar[str] = ""

    name: str
    price: Callable[[int], int] = lambda n: n + 1

    def __post_init__(self) -> None:
        if not self.name:
            raise ValueError("a rule has a name")


@record
class Longer(Rule):
    """With a field more, and one of its parent's made optional."""

    name: str = "longer"
    count: int = 0


def test_records_inherit_fields_and_take_them_by_name() -> None:
    one = Longer(count=2)
    assert (one.name, one.count, one.price(3)) == ("longer", 2, 4)
    assert field_names(Longer) == ("name", "price", "count")
    assert one != Longer(count=2)
    assert replace(one, name="other").count == 2
    with pytest.raises(ValueError, match="has a name"):
        Longer(name="")
    for wrong in ({}, {"name": "x", "size": 1}):
        with pytest.raises(TypeError, match=r"Rule: unknown or missing: (name|size)"):
            Rule(**wrong)  # type: ignore[arg-type]


def test_records_are_frozen_and_can_be_pickled() -> None:
    one = Longer(count=2, price=len)  # type: ignore[arg-type]
    with pytest.raises(FrozenInstanceError):
        one.count = 3  # type: ignore[misc]
    assert pickle.loads(pickle.dumps(one)).count == 2
