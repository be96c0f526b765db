"""Frozen values, declared like dataclasses and made at import in a twentieth of their time.

Takes a class with annotated fields; gives the same class with slots, an `__init__`, equality and
hash by value, a repr, and no way to assign.  `dataclass(frozen=True, slots=True)` would give that
too, but writes six functions as text and compiles them: 0.8 ms a class on the machine of
docs/performance.md, a tenth of a second for the hundred values of this package, in every process
that imports it (Nov 2026, Python 3.11).  Here only `__init__` is text, and it is compiled when the
first value is made; the rest are closures over one attribute getter, as fast as generated ones.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from operator import attrgetter
from typing import Any, NoReturn, TypeVar, dataclass_transform

__all__ = [
    "field_names", "fields_of", "frozen", "is_value", "is_value_class", "keyed", "record",
    "replace", "value",
]  # fmt: skip

Class = TypeVar("Class", bound=type[Any])
Value = TypeVar("Value")

_FIELDS = "__value_fields__"
_HASH = "_hash"  # a slot that is no field


@dataclass_transform(frozen_default=True)
def value(cls: Class) -> Class:
    """Make a class of annotated fields one of frozen values, equal where all fields are.

    `__post_init__` runs if there is one.  Fields are not inherited.
    """
    return _made(cls, eq=True)


@dataclass_transform(frozen_default=True)
def keyed(cls: Class) -> Class:
    """As `value`, but hashed once: for keys of tables that are values of values."""
    return _made(cls, eq=True, extra=(_HASH,))


@dataclass_transform(frozen_default=True, eq_default=False)
def frozen(cls: Class) -> Class:
    """As `value`, but told apart by identity."""
    return _made(cls, eq=False)


@dataclass_transform(frozen_default=True, eq_default=False, kw_only_default=True)
def record(cls: Class) -> Class:
    """Make a class one of frozen records: fields are inherited and given by name.

    They are told apart by identity and have no slots; defaults are attributes of the class.
    `__post_init__` runs if there is one.
    """
    made: Any = cls
    own = [n for n, hint in cls.__annotations__.items() if not _is_class_level(hint)]
    made.__value_fields__ = tuple(dict.fromkeys((*getattr(cls, _FIELDS, ()), *own)))
    defaults = {name: cls.__dict__[name] for name in own if name in cls.__dict__}
    made.__record_defaults__ = getattr(cls, "__record_defaults__", {}) | defaults
    made.__init__ = _init_by_name(made)
    made.__setattr__ = made.__delattr__ = _refuse
    made.__repr__ = _repr
    return cls


def field_names(cls: type) -> tuple[str, ...]:
    """The fields of a class of values, in order."""
    names: tuple[str, ...] = getattr(cls, _FIELDS)
    return names


def fields_of(each: object) -> dict[str, Any]:
    """The fields of a value, by name; `json.dumps(..., default=fields_of)` writes values."""
    return {name: getattr(each, name) for name in field_names(type(each))}


def is_value(each: object) -> bool:
    """Whether this is a value of a class declared here."""
    return hasattr(type(each), _FIELDS)


def is_value_class(kind: object) -> bool:
    """Whether this is a class of values declared here."""
    return isinstance(kind, type) and hasattr(kind, _FIELDS)


def replace(each: Value, **changes: Any) -> Value:
    """The value, or the dataclass, with some fields changed."""
    if not is_value(each):
        return dataclasses.replace(each, **changes)  # type: ignore[type-var]
    return type(each)(**fields_of(each) | changes)


def _made(cls: Class, *, eq: bool, extra: tuple[str, ...] = ()) -> Class:
    names = tuple(n for n, hint in cls.__annotations__.items() if not _is_class_level(hint))
    body = dict(cls.__dict__)
    defaults = {name: body.pop(name) for name in names if name in body}
    for name in ("__dict__", "__weakref__"):
        body.pop(name, None)
    body |= {"__slots__": (*names, *extra), "__match_args__": names, _FIELDS: names}
    body |= {"__setattr__": _refuse, "__delattr__": _refuse}
    body.setdefault("__repr__", _repr)
    body.setdefault("__reduce__", _reduce)
    if eq:
        equal, hashed = _comparison(names)
        body.setdefault("__eq__", equal)  # a class may have its own, and then both
        body.setdefault("__hash__", hashed)
    made: Any = type.__new__(type(cls), cls.__name__, cls.__bases__, body)
    made.__qualname__ = cls.__qualname__
    if _HASH in extra:
        made.__hash__ = _hashed_once(made.__hash__, made.__dict__[_HASH].__set__)
    _put_init(made, names, defaults)
    return made  # type: ignore[no-any-return]


def _is_class_level(hint: object) -> bool:
    return str(hint).startswith(("ClassVar", "typing.ClassVar"))


def _put_init(cls: Any, names: Sequence[str], defaults: dict[str, Any]) -> None:
    def first(self: Any, *args: Any, **kwargs: Any) -> None:
        cls.__init__ = _init(cls, names, defaults)
        cls.__init__(self, *args, **kwargs)

    cls.__init__ = first


def _init(cls: Any, names: Sequence[str], defaults: dict[str, Any]) -> Any:
    """`def __init__(self, a, b=...)`, which sets the slots."""
    arguments = [f"{name}=default_{name}" if name in defaults else name for name in names]
    lines = [f" set_{name}(self, {name})" for name in names]
    if hasattr(cls, "__post_init__"):
        lines.append(" self.__post_init__()")
    text = "\n".join([f"def __init__({', '.join(['self', *arguments])}):", *lines, " return None"])
    scope = {f"set_{name}": cls.__dict__[name].__set__ for name in names}
    scope |= {f"default_{name}": each for name, each in defaults.items()}
    exec(text, scope)
    return scope["__init__"]


def _init_by_name(cls: Any) -> Any:
    defaults: dict[str, Any] = cls.__record_defaults__
    known = frozenset(field_names(cls))
    needed = known - defaults.keys()

    def __init__(self: Any, **given: Any) -> None:  # noqa: N807
        if not needed <= given.keys() <= known:
            odd = ", ".join(sorted((given.keys() - known) | (needed - given.keys())))
            raise TypeError(f"{cls.__qualname__}: unknown or missing: {odd}")
        self.__dict__.update(defaults | given)
        if hasattr(cls, "__post_init__"):
            self.__post_init__()

    return __init__


def _comparison(names: Sequence[str]) -> tuple[Any, Any]:
    if len(names) < 2:  # attrgetter gives a tuple for two names and more
        names = (*names, "__class__", "__class__")
    get = attrgetter(*names)

    def __eq__(self: Any, other: Any) -> Any:  # noqa: N807
        return get(self) == get(other) if other.__class__ is self.__class__ else NotImplemented

    def __hash__(self: Any) -> int:  # noqa: N807
        return hash(get(self))

    return __eq__, __hash__


def _hashed_once(hashed: Any, keep: Any) -> Any:
    def __hash__(self: Any) -> int:  # noqa: N807
        try:
            known: int = self._hash
        except AttributeError:
            known = hashed(self)
            keep(self, known)
        return known

    return __hash__


def _refuse(self: Any, name: str, *_: Any) -> NoReturn:
    raise dataclasses.FrozenInstanceError(f"cannot assign to field {name!r}")


def _reduce(self: Any) -> tuple[Any, ...]:
    return type(self), tuple(getattr(self, name) for name in field_names(type(self)))


def _repr(self: Any) -> str:
    fields = ", ".join(f"{name}={getattr(self, name)!r}" for name in field_names(type(self)))
    return f"{type(self).__qualname__}({fields})"
