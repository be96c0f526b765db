"""theano.gof.optdb: rewrites by name and tag, and which of them a function takes.

Takes registrations; gives those that a Query asks for.  The database of theano.function is
theano.compile.optdb: what is registered there with the tag "fast_run" runs in every function of
that mode, before gradc's own rules; where it was to stand among Theano's makes no difference.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from gradc.compat.theano.gof.opt import SeqOptimizer
from gradc.errors import ArgumentError, ArgumentTypeError, message, printable

__all__ = ["DB", "EquilibriumDB", "LocalGroupDB", "ProxyDB", "Query", "SequenceDB", "optdb"]


class Query:
    """Which rewrites: those that have a tag of `include`, all of `require`, none of `exclude`."""

    def __init__(
        self, include: Iterable[str | None], require: Iterable[str] = (),
        exclude: Iterable[str] = (), subquery: Any = None, position_cutoff: Any = None,
        extra_optimizations: Any = None,
    ) -> None:  # fmt: skip
        self.include = tuple(dict.fromkeys(each for each in include if each))
        self.require, self.exclude = tuple(require or ()), tuple(exclude or ())
        if subquery or position_cutoff or extra_optimizations:
            what = "Query: subquery, position_cutoff and extra_optimizations have no meaning here."
            raise ArgumentError(message(what, fix="leave them out."))

    def including(self, *tags: str) -> Query:
        """With more tags."""
        return Query((*self.include, *tags), self.require, self.exclude)

    def excluding(self, *tags: str) -> Query:
        """Without some tags."""
        return Query(self.include, self.require, (*self.exclude, *tags))

    def requiring(self, *tags: str) -> Query:
        """Of these tags only."""
        return Query(self.include, (*self.require, *tags), self.exclude)

    def takes(self, tags: set[str]) -> bool:
        """Whether it asks for what has these tags."""
        return (
            not tags.isdisjoint(self.include)
            and tags.issuperset(self.require)
            and tags.isdisjoint(self.exclude)
        )


class DB:
    """Rewrites by name; each has its name, its tags, and those of the databases it is in."""

    name = "user"

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        self._entries: dict[str, tuple[Any, set[str]]] = {}

    def register(self, name: str, obj: Any, *tags: Any, **kwargs: Any) -> None:
        """Add a rewrite, or a database of some. Raises: ArgumentError for a name that is taken.

        tags: texts; a number is Theano's place among its own, which makes no difference.
        """
        if name in self._entries:
            what = f"register: {printable(name, 60)!r} is taken."
            raise ArgumentError(message(what, fix="choose another name."))
        words = {each for each in tags if isinstance(each, str)}
        if isinstance(obj, DB) or getattr(obj, "name", None) is None:
            obj.name = name
        self._entries[name] = obj, words | {name}

    def add_tags(self, name: str, *tags: str) -> None:
        """Give a rewrite more tags."""
        self._entries[name][1].update(tags)

    def remove_tags(self, name: str, *tags: str) -> None:
        """Take tags away."""
        self._entries[name][1].difference_update(tags)

    def __getitem__(self, name: str) -> Any:
        if name not in self._entries:
            raise KeyError(f"{name} is in none of gradc's databases, which hold what you register")
        return self._entries[name][0]

    def __contains__(self, name: object) -> bool:
        return name in self._entries

    def entries(self) -> Iterator[tuple[Any, set[str]]]:
        """All rewrites with their tags, those of inner databases included."""
        for obj, tags in self._entries.values():
            if isinstance(obj, DB):
                for inner, words in obj.entries():
                    yield inner, words | {obj.name}
            else:
                yield obj, tags

    def known(self) -> set[str]:
        """Every name and tag."""
        return set().union(*(tags for _, tags in self.entries()))

    def query(self, *tags: Any, **kwargs: Any) -> Any:
        """The rewrites that a Query asks for, or tags ("fast_run", "-inplace", "&required")."""
        asked = tags[0] if tags and isinstance(tags[0], Query) else _query(tags)
        return SeqOptimizer([obj for obj, words in self.entries() if asked.takes(words)])


def _query(tags: Iterable[Any]) -> Query:
    found: dict[str, list[str]] = {"+": [], "&": [], "-": []}
    for each in tags:
        if not isinstance(each, str):
            what = f"query: {printable(repr(each), 60)} is no tag."
            raise ArgumentTypeError(message(what, fix="pass texts, or one Query."))
        sign = each[0] if each[:1] in found else "+"
        found[sign].append(each.removeprefix(sign))
    return Query(found["+"], found["&"], found["-"])


EquilibriumDB = SequenceDB = LocalGroupDB = DB


class ProxyDB(DB):
    """Another database under a name of its own."""

    def __init__(self, db: DB) -> None:
        super().__init__()
        self.db = db

    def entries(self) -> Iterator[tuple[Any, set[str]]]:
        """Those of the other one."""
        return self.db.entries()


optdb = DB()
for _word in ("canonicalize", "stabilize", "specialize", "uncanonicalize", "inplace", "fusion"):
    optdb.register(_word, DB())
