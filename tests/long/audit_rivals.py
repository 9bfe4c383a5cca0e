"""Other checkers beside ours on our cases, as Markdown: `python -m tests.long.audit_rivals RIVALS`.

RIVALS is a folder with an environment for each, made once; what is not there is left out, and a
line says so:

    python -m venv RIVALS/preflight && RIVALS/preflight/bin/pip install torch-preflight
    python -m venv RIVALS/torchfix && RIVALS/torchfix/bin/pip install TorchFix
    python -m venv RIVALS/dynamic && RIVALS/dynamic/bin/pip install . torchtest2 torch-audit
    python -m venv RIVALS/dslinter && RIVALS/dslinter/bin/pip install --no-deps dslinter \\
        pylint==2.12.2 astroid==2.9.3 'isort<6' mccabe==0.6.1 platformdirs toml lazy-object-proxy \\
        'wrapt<1.17' setuptools mypy mypy-extensions pathspec librt typing-extensions

The cases are files of `tests/audit`: broken ones say by a mark what is wrong in them, clean ones
must stay silent. Others have found a mistake if they report anything about dropout or modes in its
file; we have to name it by its rule, and from source on its line. A false alarm is such a report in
a clean file (advice is none). Those that run models see files that define `build()` and
`example()`; our watch sees whole programs.
"""

from __future__ import annotations

import argparse
import contextlib
import io
import json
import re
import runpy
import subprocess
import sys
import warnings
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import torch

from tests.audit.marks import marks
from tests.audit.test_run_snippets import FOUND
from torchdrop.audit import Finding, audit_model, audit_paths, watch

_TESTS = Path(__file__).parents[1] / "audit"
_DRIVER = Path(__file__).with_name("rival_driver.py")
_FLAKE = re.compile(r"^(.+?):(\d+):\d+: (\w+) ", re.M)


@dataclass(frozen=True)
class Case:
    """A file of the tests.

    Attributes:
        path: Where it is.
        marks: Lines and rules of the mistakes in it, line 0 for any; empty if it is clean.
        runs: Whether it defines a model and an example.
    """

    path: Path
    marks: frozenset[tuple[int, str]]
    runs: bool

    @property
    def rules(self) -> set[str]:
        """What is wrong in it."""
        return {rule for _, rule in self.marks}

    @property
    def is_program(self) -> bool:
        """Whether it is a whole program for the watch."""
        return self.path.stem in FOUND or self.path.parent.name == "programs"

    def is_found(self, said: frozenset[tuple[int, str]]) -> bool:
        """Whether every mark is among lines and rules that were reported."""
        anywhere = {(0, rule) for _, rule in said}
        return bool(self.marks) and self.marks <= said | anywhere


Said = Mapping[Path, frozenset[tuple[int, str]]]
"""For each file, lines and codes of what a tool reports; line 0 where it names none."""


@dataclass(frozen=True)
class Tool:
    """A checker.

    Attributes:
        name: As it calls itself.
        about: Its codes that are about dropout or modes.
        python: Of its environment.
        run: Checks files.
        runs_models: Whether it needs a model and an example.
    """

    name: str
    about: frozenset[str]
    python: Path
    run: Callable[[Path, Sequence[Path]], Said]
    runs_models: bool = False

    @property
    def version(self) -> str:
        """As installed."""
        code = f"from importlib.metadata import version; print(version({self.name!r}))"
        done = subprocess.run([self.python, "-c", code], capture_output=True, text=True, check=True)
        return done.stdout.strip()

    def finds(self, case: Case, said: Said) -> bool:
        """Whether it reports something about dropout or modes in a file."""
        return any(code in self.about for _, code in said.get(case.path, ()))


@dataclass(frozen=True)
class Verdict:
    """What a tool came to."""

    tool: str
    version: str
    looked: tuple[Case, ...]
    found: frozenset[Path]
    alarms: frozenset[Path]
    others: int

    @property
    def row(self) -> list[str]:
        """Its line in the table."""
        broken = [case for case in self.looked if case.marks]
        clean = len(self.looked) - len(broken)
        counts = [len(broken), clean, len(self.found), len(broken) - len(self.found)]
        return [self.tool, self.version, *map(str, (*counts, len(self.alarms), self.others))]


def read_case(path: Path) -> Case:
    """Read what a file says about itself; for programs, the tests of the watch say it."""
    text = path.read_text(encoding="utf-8")
    found = {(0, FOUND[path.stem])} if path.stem in FOUND else set(marks(text))
    return Case(path, frozenset(found), "def build(" in text and "def example(" in text)


def find_cases(folder: Path) -> list[Case]:
    """All cases, snippets and programs; without the one that needs two processes."""
    patterns = ("snippets/*.py", "snippets/programs/*.py", "cases/*/*/*.py")
    paths = sorted(path for pattern in patterns for path in folder.glob(pattern))
    return [read_case(path.resolve()) for path in paths if path.name != "C07.py"]


def _output(words: Sequence[str | Path], paths: Sequence[Path]) -> str:
    done = subprocess.run([*words, *paths], capture_output=True, text=True, check=False)
    if "Traceback" in done.stderr or not done.stdout.strip():
        raise RuntimeError(f"{words[0]} broke off: {done.stderr[-500:]}")
    return done.stdout


def _group(found: Sequence[tuple[str, int, str]]) -> Said:
    said: dict[Path, set[tuple[int, str]]] = {}
    for path, line, code in found:
        said.setdefault(Path(path).resolve(), set()).add((line, code))
    return {path: frozenset(items) for path, items in said.items()}


def by_preflight(python: Path, paths: Sequence[Path]) -> Said:
    """torch-preflight, all its rules."""
    words: list[str | Path] = [python.with_name("torch-preflight"), "check", "-f", "json"]
    found = json.loads(_output(words, paths))["diagnostics"]
    return _group([(x["path"], x["line"], x["code"]) for x in found])


def by_torchfix(python: Path, paths: Sequence[Path]) -> Said:
    """TorchFix, all its rules."""
    text = _output([python.with_name("torchfix"), "--select=ALL"], paths)
    return _group([(path, int(line), code) for path, line, code in _FLAKE.findall(text)])


def by_dslinter(python: Path, paths: Sequence[Path]) -> Said:
    """What dslinter says about torch: the rules that it adds to pylint."""
    known = subprocess.run(
        [python, "-m", "pylint", "--load-plugins=dslinter", "--list-msgs"],
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    codes = re.findall(r"^:[\w-]*pytorch[\w-]* \((\w+)\)", known, re.M)
    if not codes:
        raise RuntimeError("pylint runs without dslinter: its plugin could not be imported.")
    words: list[str | Path] = [
        python,
        "-m",
        "pylint",
        "--load-plugins=dslinter",
        "--disable=all",
        "--score=n",
    ]
    words += [f"--enable={','.join(codes)}", "--output-format=json"]
    found = json.loads(_output(words, paths))
    return _group([(x["path"], x["line"], x["message-id"]) for x in found])


def _driven(name: str) -> Callable[[Path, Sequence[Path]], Said]:
    def run(python: Path, paths: Sequence[Path]) -> Said:
        found = json.loads(_output([python, _DRIVER, name], paths))
        return _group([(path, 0, code) for path, codes in found.items() for code in codes])

    return run


def tools(rivals: Path) -> list[Tool]:
    """All rivals, whether they are there or not."""

    def python(name: str) -> Path:
        return rivals.absolute() / name / "bin" / "python"

    return [
        Tool("torch-preflight", frozenset({"TG011"}), python("preflight"), by_preflight),
        Tool("TorchFix", frozenset(), python("torchfix"), by_torchfix),
        Tool("dslinter", frozenset({"W9998"}), python("dslinter"), by_dslinter),
        Tool(
            "torchtest2",
            frozenset({"eval_determinism"}),
            python("dynamic"),
            _driven("torchtest2"),
            runs_models=True,
        ),
        Tool(
            *("torch-audit", frozenset(), python("dynamic"), _driven("torch-audit")),
            runs_models=True,
        ),
    ]


def from_source(cases: Sequence[Case]) -> Verdict:
    """What we come to from source: every mark by its rule on its line."""
    findings = audit_paths([case.path for case in cases])
    said = {case.path: [x for x in findings if x.place.path == str(case.path)] for case in cases}
    return _ours("torchdrop audit: source", said, cases)


def from_models(cases: Sequence[Case]) -> Verdict:
    """What we come to from models and their examples."""
    said = {}
    for case in cases:
        if case.runs:
            names = runpy.run_path(str(case.path))
            said[case.path] = list(audit_model(names["build"](), names["example"]()))
    return _ours("torchdrop audit: model", said, [case for case in cases if case.runs])


def from_runs(cases: Sequence[Case]) -> Verdict:
    """What we come to from programs that are watched, each by itself."""
    said = {}
    for case in cases:
        if case.is_program:
            with watch(on_find="collect") as watching:
                left = runpy.run_path(str(case.path), run_name="__main__")
            said[case.path] = [*watching.findings, *left.get("FINDINGS", ())]
    return _ours("torchdrop.watch", said, [case for case in cases if case.is_program])


def _ours(name: str, said: Mapping[Path, Sequence[Finding]], looked: Sequence[Case]) -> Verdict:
    """Lines count where there are any: a model knows its layers' names."""
    found, alarms = set(), set()
    for case in looked:
        items = said[case.path]
        lines = frozenset((x.place.line or 0, x.rule) for x in items)
        by_rule = Case(case.path, frozenset((0, rule) for rule in case.rules), case.runs)
        if (case if name.endswith("source") else by_rule).is_found(lines):
            found.add(case.path)
        if not case.marks and any(x.severity != "advice" for x in items):
            alarms.add(case.path)
    return Verdict(name, "", tuple(looked), frozenset(found), frozenset(alarms), 0)


def theirs(tool: Tool, cases: Sequence[Case]) -> Verdict:
    """What a rival comes to."""
    looked = [case for case in cases if case.runs or not tool.runs_models]
    said = tool.run(tool.python, [case.path for case in looked])
    hits = [case for case in looked if tool.finds(case, said)]
    return Verdict(
        tool=tool.name,
        version=tool.version,
        looked=tuple(looked),
        found=frozenset(case.path for case in hits if case.marks),
        alarms=frozenset(case.path for case in hits if not case.marks),
        others=sum(bool(said.get(case.path)) and case not in hits for case in looked),
    )


def render(verdicts: Sequence[Verdict]) -> str:
    """Write both tables."""
    head = ["tool", "version", "broken files", "clean files", "found", "missed", "false alarms"]
    head.append("files about which it says something else")
    parts = [_table(head, [x.row for x in verdicts])]
    broken = [case for case in verdicts[0].looked if case.marks]
    rows = []
    for rule in sorted({rule for case in broken for rule in case.rules}):
        own = {case.path for case in broken if rule in case.rules}
        rows.append([rule, str(len(own)), *(_share(x, own) for x in verdicts)])
    parts.append(_table(["rule", "broken files", *(x.tool for x in verdicts)], rows))
    return "\n\n".join(parts) + "\n"


def _share(verdict: Verdict, own: set[Path]) -> str:
    looked = own & {case.path for case in verdict.looked}
    return f"{len(own & verdict.found)} of {len(looked)}" if looked else "-"


def _table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def main(words: Sequence[str] | None = None) -> None:
    """Run everybody who is there, and print."""
    parser = argparse.ArgumentParser(description="Compare with other checkers.")
    parser.add_argument("rivals", type=Path, help="folder of environments")
    asked = parser.parse_args(words)
    cases = find_cases(_TESTS)
    torch.set_num_threads(1)
    with warnings.catch_warnings(), contextlib.redirect_stdout(io.StringIO()):
        warnings.simplefilter("ignore")  # what cases print and warn of is no concern here
        verdicts = [judge(cases) for judge in (from_source, from_models, from_runs)]
    for tool in tools(asked.rivals):
        if tool.python.exists():
            verdicts.append(theirs(tool, cases))
        else:
            sys.stdout.write(f"{tool.name} is not there.\n\n")
    sys.stdout.write(render(verdicts))


if __name__ == "__main__":
    main()
