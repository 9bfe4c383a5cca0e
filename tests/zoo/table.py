"""Make the table of docs/zoo.md: `TORCHDROP_ZOO=/tmp/zoo python tests/zoo/table.py`.

It takes some minutes. With names, or parts of names, only those rows are made anew.
"""

from __future__ import annotations

import multiprocessing
import sys
import warnings
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import torch

_ROOT = Path(__file__).parents[2]
sys.path.insert(0, str(_ROOT))

from tests.zoo import packages  # noqa: E402
from tests.zoo.claims import CLAIMS  # noqa: E402
from tests.zoo.count import Count, count  # noqa: E402
from tests.zoo.entry import Entry  # noqa: E402
from tests.zoo.zoo import ENTRIES  # noqa: E402

PAGE = _ROOT / "docs" / "zoo.md"
BEGIN, END = "<!-- made by tests/zoo/table.py -->\n", "<!-- end -->\n"
HEADING = """
| architecture | parameters | layers | other modules | idle | claims |
|---|--:|--:|--:|--:|--:|
"""


@dataclass(frozen=True, slots=True)
class Row:
    """What the page says about one architecture: its row, and the claims that it breaks."""

    name: str
    cells: str
    broken: tuple[str, ...]


def main(parts: list[str]) -> None:
    """Make the rows that are asked for, and put each into the page as it comes."""
    reason = packages.absence()
    if reason is not None:
        raise SystemExit(reason)
    wanted = [e.name for e in ENTRIES if not parts or any(part in e.name for part in parts)]
    rows = _read() if parts else {}
    spawn = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(2, mp_context=spawn, initializer=_begin) as pool:
        for row in pool.map(_row, wanted):
            rows[row.name] = row
            sys.stdout.write("".join((row.cells, *row.broken)))
            sys.stdout.flush()
            _write(rows)


def _begin() -> None:
    torch.set_num_threads(1)
    warnings.simplefilter("error")


def _row(name: str) -> Row:
    (entry,) = (entry for entry in ENTRIES if entry.name == name)
    torch.manual_seed(0)
    broken = tuple(_broken(entry))
    counted = count(entry)
    cells = [
        name,
        f"{counted.parameters:,}",
        *(_pair(counted, kind) for kind in ("layers", "others")),
        str(counted.idle),
        f"{len(CLAIMS) - len(broken)} of {len(CLAIMS)}",
    ]
    return Row(name, f"| {' | '.join(cells)} |\n", broken)


def _pair(counted: Count, kind: str) -> str:
    return f"{counted.ours[kind]} / {counted.independent[kind]}"


def _broken(entry: Entry) -> Iterator[str]:
    for name, claim in CLAIMS.items():
        try:
            claim(entry)
        except Exception as error:  # noqa: BLE001 - whatever it was, it goes into the page
            what = f"{type(error).__name__}: {' '.join(str(error).split())[:160]}"
            yield f"- {entry}: {name}: `{what}`\n"


def _read() -> dict[str, Row]:
    lines = PAGE.read_text().partition(BEGIN)[2].partition(END)[0].splitlines(keepends=True)
    found = {}
    for entry in ENTRIES:
        cells = [line for line in lines if line.startswith(f"| {entry} |")]
        broken = tuple(line for line in lines if line.startswith(f"- {entry}: "))
        if cells:
            found[entry.name] = Row(entry.name, cells[0], broken)
    return found


def _write(rows: dict[str, Row]) -> None:
    there = [rows[entry.name] for entry in ENTRIES if entry.name in rows]
    broken = [line for row in there for line in row.broken]
    versions = ", ".join(f"{name} {version}" for name, version in packages.versions().items())
    parts = [f"Versions: {versions}.\n", HEADING, *(row.cells for row in there), "\n"]
    parts += ["Broken claims:\n\n", *broken] if broken else ["No claim is broken.\n"]
    before, _, rest = PAGE.read_text().partition(BEGIN)
    PAGE.write_text(f"{before}{BEGIN}{''.join(parts)}{END}{rest.partition(END)[2]}")


if __name__ == "__main__":
    main(sys.argv[1:])
