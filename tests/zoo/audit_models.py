"""Audit many models and count what is found: `python -m tests.zoo.audit_models`.

`TORCHDROP_ZOO` names the folder of the packages, as docs/audit_models.md says.

Prints a table by package, then every finding at warning or above, and why models were not run.
With names, or parts of names, only those models. What became of each comes out on stderr as a line
of JSON; `--tables FILE...` makes the tables of such lines, where the last of a model counts.
"""

from __future__ import annotations

import json
import multiprocessing
import os
import signal
import sys
import warnings
from collections import Counter
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import torch

from torchdrop.audit import Findings, audit_model

from . import packages
from .audit_cases import cases

_SECONDS = 120
_SEVERITIES = ("error", "warning", "advice")


@dataclass(slots=True)
class Outcome:
    """What became of one model.

    Attributes:
        name: Of the model, with its package.
        stage: `not built`, `not run` or `audited`.
        reason: Why it went no further.
        found: Rule, severity, place and message of each finding.
    """

    name: str
    stage: str
    reason: str = ""
    found: list[tuple[str, str, str, str]] = field(default_factory=list)


def main(parts: list[str]) -> None:
    """Audit what is asked for, and print the tables."""
    if parts[:1] == ["--tables"]:
        sys.stdout.write(_tables(_read(parts[1:])))
        return
    if (reason := packages.absence()) is not None:
        raise SystemExit(reason)
    names = [c.name for c in cases() if not parts or any(part in c.name for part in parts)]
    outcomes = []
    with multiprocessing.get_context("spawn").Pool(2, _begin, maxtasksperchild=80) as pool:
        for outcome in pool.imap(_outcome, names):
            outcomes.append(outcome)
            sys.stderr.write(f"{json.dumps(asdict(outcome))}\n")
            sys.stderr.flush()
    sys.stdout.write(_tables(outcomes))


def _read(paths: list[str]) -> list[Outcome]:
    lines = (line for path in paths for line in Path(path).read_text().splitlines())
    outcomes = [Outcome(**json.loads(line)) for line in lines if line.startswith("{")]
    return list({outcome.name: outcome for outcome in outcomes}.values())


def _begin() -> None:
    # What the parent has put there is no sign that this process has prepared the import.
    sys.path[:] = [path for path in sys.path if path != os.environ[packages.FOLDER]]
    torch.set_num_threads(1)
    warnings.simplefilter("ignore")


def _outcome(name: str) -> Outcome:
    (case,) = [case for case in cases() if case.name == name][:1]
    signal.signal(signal.SIGALRM, _too_long)
    signal.alarm(_SECONDS)
    outcome = Outcome(name, "not built")
    try:
        torch.manual_seed(0)
        model, example = case.make()
        outcome.stage = "not run"
        outcome.found = _listed(audit_model(model, example))
        outcome.stage = "audited"
    except (Exception, TimeoutError) as error:  # noqa: BLE001 - whatever it was, it is shown
        outcome.reason = f"{type(error).__name__}: {' '.join(str(error).split())[:160]}"
    finally:
        signal.alarm(0)
    return outcome


def _too_long(*_: Any) -> None:
    raise TimeoutError(f"took more than {_SECONDS} seconds")


def _listed(found: Findings) -> list[tuple[str, str, str, str]]:
    return [(x.rule, x.severity, str(x.place), x.message) for x in found]


def _tables(outcomes: list[Outcome]) -> str:
    lines = ["| package | models | built | run | errors | warnings | advice |"]
    lines.append("|---|--:|--:|--:|--:|--:|--:|")
    groups: dict[str, list[Outcome]] = {o.name.partition("/")[0]: [] for o in outcomes}
    for outcome in outcomes:
        groups[outcome.name.partition("/")[0]].append(outcome)
    for package, members in groups.items():
        built = sum(o.stage != "not built" for o in members)
        run = sum(o.stage == "audited" for o in members)
        of = Counter(severity for o in members for _, severity, _, _ in o.found)
        cells = [package, len(members), built, run, *(of[each] for each in _SEVERITIES)]
        lines.append(f"| {' | '.join(map(str, cells))} |")
    rules = Counter((rule, severity) for o in outcomes for rule, severity, _, _ in o.found)
    lines += ["", "| rule | severity | findings |", "|---|---|--:|"]
    lines += [f"| {rule} | {severity} | {n} |" for (rule, severity), n in sorted(rules.items())]
    lines += ["", "Findings at warning or above:", ""]
    lines += [
        f"- {o.name}: {severity} {rule} at {place}: {message}"
        for o in outcomes
        for rule, severity, place, message in o.found
        if severity != "advice"
    ]
    lines += ["", "Not built, or not run:", ""]
    lines += [f"- {o.name}: {o.stage}: {o.reason}" for o in outcomes if o.stage != "audited"]
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    main(sys.argv[1:])
