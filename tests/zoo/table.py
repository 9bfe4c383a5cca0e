"""Make the tables of docs/zoo.md: `TORCHDROP_ZOO=/tmp/zoo python tests/zoo/table.py`.

Takes a quarter of an hour. With names, or parts of names, it prints the rows of those alone.
"""

from __future__ import annotations

import sys
import warnings
from collections.abc import Iterator
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
HEADING = (
    "| architecture | parameters | layers | other modules | idle | claims |\n"
    "| --- | ---: | ---: | ---: | ---: | ---: |\n"
)


def main(parts: list[str]) -> None:
    """Print the rows, and put them into the page if they are all."""
    reason = packages.absence()
    if reason is not None:
        raise SystemExit(reason)
    warnings.simplefilter("error")
    torch.manual_seed(0)
    lines = [_versions(), HEADING]
    failed: list[str] = []
    for entry in ENTRIES:
        if not parts or any(part in entry.name for part in parts):
            lines.append(_row(entry, failed))
            _say(lines[-1])
    lines += ["\n", *_summary(failed)]
    _say("".join(lines[-len(failed) - 1 :]))
    if not parts:
        text = PAGE.read_text()
        before, _, rest = text.partition(BEGIN)
        PAGE.write_text(f"{before}{BEGIN}{''.join(lines)}{END}{rest.partition(END)[2]}")


def _row(entry: Entry, failed: list[str]) -> str:
    failures = dict(_failures(entry))
    failed += [f"- {entry}: `{claim}`: {reason}\n" for claim, reason in failures.items()]
    counted = count(entry)
    cells = [
        entry.name,
        f"{counted.parameters:,}",
        *(_pair(counted, kind) for kind in ("layers", "others")),
        str(counted.idle),
        f"{len(CLAIMS) - len(failures)} of {len(CLAIMS)}",
    ]
    return f"| {' | '.join(cells)} |\n"


def _pair(counted: Count, kind: str) -> str:
    return f"{counted.ours[kind]} / {counted.independent[kind]}"


def _failures(entry: Entry) -> Iterator[tuple[str, str]]:
    for name, claim in CLAIMS.items():
        try:
            claim(entry)
        except Exception as error:  # noqa: BLE001 - whatever it was, it goes into the page
            yield name, f"{type(error).__name__}: {' '.join(str(error).split())[:160]}"


def _versions() -> str:
    return ", ".join(f"{name} {version}" for name, version in packages.versions().items()) + ".\n\n"


def _summary(failed: list[str]) -> list[str]:
    return (
        ["Claims that failed:\n\n", *failed] if failed else ["Every claim passed on every one.\n"]
    )


def _say(text: str) -> None:
    sys.stdout.write(text)
    sys.stdout.flush()


if __name__ == "__main__":
    main(sys.argv[1:])
