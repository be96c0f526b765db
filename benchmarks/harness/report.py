"""Results as text: a table each on the terminal, tables of all of them in Markdown.

Takes Results; gives text.  The tables are small, so they are laid out here, with no library for it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from benchmarks.harness.result import Entry, Result
from benchmarks.harness.vary import Kept

__all__ = ["markdown", "table", "variations"]

Rows = Sequence[Sequence[str]]


def table(result: Result) -> str:
    """Medians, each peer's ratio to gradc, gradc's to the floor; goals; who was at work."""
    variation = "" if result.variation == "plain" else f" ({result.variation})"
    lines = [f"{result.name}{variation}: {result.title}, {result.dtype}"]
    rows = [_HEAD, *(_row(name, each, result.own) for name, each in result.entries.items())]
    rows.append(_row("floor" if result.has_floor else "(machine)", result.floor, result.own))
    lines += ["  " + line for line in _columns(rows)]
    lines += _latencies(result) + _goals(result)
    lines += [f"  {name} took no part: {why}" for name, why in result.failed.items()]
    if result.is_disturbed:
        moved = f"{(result.moved - 1) * 100:.0f} %"
        lines.append(f"  WARNING: the floor moved by {moved} between rounds: run it again.")
    entries = {**result.entries, "floor": result.floor}
    lines += [f"  {name}: {entry.about}" for name, entry in entries.items()]
    return "\n".join(lines)


_HEAD = ("", "median", "fastest", "to gradc", "differs", "memory", "import", "cold", "warm")


def _row(name: str, entry: Entry, own: float) -> list[str]:
    return [
        name, time_text(entry.median), time_text(min(entry.rounds)), f"{entry.median / own:.2f}",
        "" if entry.difference is None else f"{entry.difference:.0e}",
        "" if entry.memory is None else f"{entry.memory / 1e6:.0f} MB",
        time_text(entry.imported), time_text(entry.cold), time_text(entry.warm),
    ]  # fmt: skip


def _latencies(result: Result) -> list[str]:
    measured = {name: each.latency for name, each in result.entries.items() if each.latency}
    if not measured:
        return []
    rows = [["single calls", "median", "p99", "beside a busy thread", "p99"]]
    for name, each in measured.items():
        rows.append([name, *(time_text(each[k]) for k in ("p50", "p99", "busy_p50", "busy_p99"))])
    return ["  " + line for line in _columns(rows)]


def _goals(result: Result) -> list[str]:
    return [
        f"  goal: {what} {'at least' if what.startswith('best') else 'at most'} {goal:g}: "
        f"{value:.3g}, {'reached' if is_reached else 'MISSED'}"
        for what, goal, value, is_reached in result.goals()
    ]


def variations(rows: Sequence[Kept]) -> str:
    """What each variation keeps."""
    lines = [["variation", "best peer", "best / gradc", "kept", ""]]
    for each in rows:
        verdict = "" if each.is_enough else "BELOW 90 %"
        verdict += " (the floor moved)" if each.is_disturbed else ""
        share = f"{each.share * 100:.0f} %"
        lines.append(
            [f"{each.name} {each.variation}", each.best, f"{each.ahead:.2f}", share, verdict]
        )
    return "\n".join(_columns(lines))


def markdown(machine: Mapping[str, str], results: Sequence[Result], kept: Sequence[Kept]) -> str:
    """The tables of docs/benchmarks.md."""
    lines = [f"- {key}: {value}" for key, value in machine.items()]
    lines += [f"- {about}" for about in _abouts(results)]
    for heading, rows in (
        ("Time of a run", _times(results)),
        ("Goals", _goal_rows(results)),
        ("First call", _first(results)),
        ("A single call", _calls(results)),
        ("Peak memory", _memory(results)),
        ("Variations", _kept(kept)),
    ):
        if len(rows) > 1:
            lines += ["", f"### {heading}", "", *_markdown(rows)]
    if any(result.is_disturbed for result in results):
        lines += ["", "(*) the machine did other work: the floor moved by more than 20 %."]
    return "\n".join(lines) + "\n"


def _abouts(results: Sequence[Result]) -> list[str]:
    found: dict[str, str] = {}
    for result in results:
        for name, entry in {**result.entries, "floor": result.floor}.items():
            found.setdefault(name, f"{name}: {entry.about}")
    return list(found.values())


def _names(results: Sequence[Result]) -> list[str]:
    return list(dict.fromkeys(name for result in results for name in result.entries))


def _times(results: Sequence[Result]) -> Rows:
    names = _names(results)
    rows = [["workload", *names, "floor", "best / gradc", "gradc / floor"]]
    for result in results:
        times = [_bold_if(name == result.best, _median(result, name)) for name in names]
        floor = time_text(result.floor.median) if result.has_floor else ""
        ratios = [_ratio(result.ahead), _ratio(result.above_floor)]
        rows.append([_marked(result), *times, floor, *ratios])
    return rows


def _marked(result: Result) -> str:
    return result.name + (" (*)" if result.is_disturbed else "")


def _goal_rows(results: Sequence[Result]) -> Rows:
    rows = [["workload", "what", "goal", "reached", ""]]
    for result in results:
        for what, goal, value, is_reached in result.goals():
            verdict = "yes" if is_reached else "no"
            rows.append([_marked(result), what, f"{goal:g}", f"{value:.3g}", verdict])
    return rows


def _first(results: Sequence[Result]) -> Rows:
    rows = [["workload", "", "import", "cold", "warm"]]
    for result in results:
        for name, entry in result.entries.items():
            if entry.cold is not None:
                times = (entry.imported, entry.cold, entry.warm)
                rows.append([result.name, name, *map(time_text, times)])
    return rows


def _calls(results: Sequence[Result]) -> Rows:
    rows = [["", "median", "p99", "median beside a busy thread", "p99 beside it"]]
    for result in results:
        for name, entry in result.entries.items():
            if entry.latency:
                each = [entry.latency[k] for k in ("p50", "p99", "busy_p50", "busy_p99")]
                rows.append([name, *map(time_text, each)])
    return rows


def _memory(results: Sequence[Result]) -> Rows:
    names = _names(results)
    rows = [["MB", *names]]
    for result in results:
        memory = (result.entries[name].memory if name in result.entries else None for name in names)
        rows.append(
            [result.name, *("" if each is None else f"{each / 1e6:.0f}" for each in memory)]
        )
    return rows


def _kept(kept: Sequence[Kept]) -> Rows:
    rows = [["workload", "variation", "best peer", "best / gradc", "kept"]]
    for each in kept:
        share = f"{each.share * 100:.0f} %"
        rows.append([each.name, each.variation, each.best, f"{each.ahead:.2f}", share])
    return rows


def _median(result: Result, name: str) -> str:
    return time_text(result.entries[name].median) if name in result.entries else ""


def _ratio(value: float | None) -> str:
    return "" if value is None else f"{value:.2f}"


def _bold_if(condition: bool, text: str) -> str:
    return f"**{text}**" if condition else text


def time_text(seconds: float | None) -> str:
    """Three digits and a unit."""
    if seconds is None:
        return ""
    for unit, size in (("s", 1.0), ("ms", 1e-3), ("us", 1e-6)):
        if seconds >= size:
            return f"{seconds / size:#.4g} {unit}"
    return f"{seconds * 1e9:.0f} ns"


def _columns(rows: Rows) -> list[str]:
    """The first column to the left, others to the right; empty columns are left out."""
    columns = [column for column in zip(*rows, strict=True) if any(column[1:])]
    widths = [max(map(len, column)) for column in columns]
    lines = []
    for row in zip(*columns, strict=True):
        cells = [row[0].ljust(widths[0])]
        cells += [cell.rjust(width) for cell, width in zip(row[1:], widths[1:], strict=True)]
        lines.append("  ".join(cells).rstrip())
    return lines


def _markdown(rows: Rows) -> list[str]:
    head, *body = rows
    rule = ["---", *["---:"] * (len(head) - 1)]
    return ["| " + " | ".join(row) + " |" for row in (head, rule, *body)]
