"""`torchdrop audit`, as a shell calls it: what is found, formats, rules, models, a terminal."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from rich.console import Console

from torchdrop.audit import RULES, Found
from torchdrop.audit import _audit_source as audit_source
from torchdrop.audit.source import SourceFile
from torchdrop.cli import _audit_progress as progress
from torchdrop.cli import _audit_run

from .conftest import Run

MODELS = "tests.sites.models"


# --- What is found, and the exit code.


def test_findings_are_shown_and_counted(run: Run, project: Path) -> None:
    outcome = run("audit")

    assert outcome.code == 1
    assert "  --> error.py:7:16\n" in outcome.out
    assert outcome.out.splitlines()[-1].startswith(
        "1 error, 1 warning, 1 piece of advice in 3 of 3 "
    )
    assert outcome.err == ""


@pytest.mark.parametrize(
    ("words", "code", "shown"),
    [
        (("error.py",), 1, 1),
        (("warning.py",), 1, 1),
        (("advice.py",), 0, 1),
        (("--severity", "advice", "advice.py"), 1, 1),
        (("--severity", "warning"), 1, 2),
        (("--severity", "error", "warning.py"), 0, 0),
        (("--exit-zero",), 0, 3),
        (("--select", "DRP103"), 0, 1),
        (("--select", "training-hard-coded,DRP2"), 0, 1),
        (("--ignore", "drp101", "--ignore", "DRP103"), 0, 0),
    ],
)
def test_what_is_shown_and_counts(
    words: tuple[str, ...], code: int, shown: int, run: Run, project: Path
) -> None:
    outcome = run("audit", "--format", "json", *words)

    assert (outcome.code, len(json.loads(outcome.out)["findings"])) == (code, shown)


def test_several_processes_find_the_same(run: Run, project: Path) -> None:
    one = json.loads(run("audit", "--format", "json", "--workers", "1").out)

    assert json.loads(run("audit", "--format", "json", "--workers", "2").out) == one


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (("nowhere",), "Error: nowhere does not exist"),
        (("--select", "DRP999"), "Error: no rule's id begins with 'DRP999'"),
        (("--explain", "DRP999"), "Error: there is no rule 'DRP999'"),
        (("--baseline", "none.json"), "Error: none.json cannot be read as a baseline"),
        (("--input", "1,3"), "Error: --input is for a model"),
        (("--output", "no/folder.json"), "Error: no/folder.json cannot be written"),
        (("nowhere.models:Model",), "Error: The model's module nowhere.models cannot be imported"),
        (("--exit-zero", "nowhere"), "Error: nowhere does not exist"),
    ],
)
def test_what_cannot_be_done_is_a_sentence_and_two(
    words: tuple[str, ...], sentence: str, run: Run, project: Path
) -> None:
    outcome = run("audit", *words)

    assert (outcome.code, outcome.out) == (2, "")
    assert sentence in outcome.err


def test_a_mistake_of_ours_is_no_finding_of_yours(
    run: Run, project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object, **__: object) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr(_audit_run, "audit_paths", fail)
    outcome = run("audit")

    assert (outcome.code, outcome.out) == (2, "")
    assert "ZeroDivisionError" in outcome.err
    assert "This is a mistake in torchdrop" in outcome.err


def test_a_rule_that_breaks_is_named_with_its_file(
    run: Run, project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(file: SourceFile) -> Iterator[Found]:
        raise ValueError("no such node")

    broken = tuple(replace(x, check=fail) if x.id == "DRP103" else x for x in RULES)
    monkeypatch.setattr(audit_source, "RULES", broken)
    outcome = run("audit", "error.py")

    assert outcome.code == 2
    assert "RuntimeError: DRP103 breaks on error.py; --ignore DRP103 goes on" in outcome.err
    assert run("audit", "error.py", "--ignore", "DRP103").code == 1


def test_unreadable_files_are_named_and_fail_only_if_asked_for(run: Run, tmp_path: Path) -> None:
    (tmp_path / "old.py").write_text("import torch\nprint 'dropout'\n")
    inside, named = run("audit", "."), run("audit", "old.py")

    assert (inside.code, named.code) == (0, 2)
    for outcome in (inside, named):
        assert "old.py is not Python that this version can parse" in outcome.err
        assert outcome.out.startswith("No findings in 1 file ")
        assert outcome.out.endswith("1 file could not be read.\n")


# --- Formats.


@pytest.mark.parametrize("name", ["json", "sarif"])
def test_machine_formats_stand_alone_on_standard_output(name: str, run: Run, project: Path) -> None:
    (project / "broken.py").write_text("import torch\ndef (:\n")
    outcome = run("audit", "--format", name)

    assert isinstance(json.loads(outcome.out), dict)
    assert "broken.py is not Python" in outcome.err
    assert outcome.err.splitlines()[-1].startswith("1 error, 1 warning, ")


def test_json_has_what_editors_need(run: Run, project: Path) -> None:
    (finding,) = json.loads(run("audit", "error.py", "--format", "json").out)["findings"]

    assert {key: finding[key] for key in ("path", "line", "column", "end_line", "end_column")} == {
        "path": "error.py",
        "line": 7,
        "column": 16,
        "end_line": 7,
        "end_column": 33,
    }
    assert (finding["rule"], finding["severity"], finding["fixable"]) == ("DRP101", "error", True)
    assert finding["fix"] == "Pass `training=self.training`."


def test_annotations_stand_on_standard_output(run: Run, project: Path) -> None:
    lines = run("audit", "--format", "github").out.splitlines()

    assert [line.split()[0] for line in lines] == ["::notice", "::error", "::warning"]


@pytest.mark.parametrize("name", ["text", "json", "sarif", "github"])
def test_a_file_holds_what_standard_output_would(name: str, run: Run, project: Path) -> None:
    printed = run("audit", "--format", name).out
    outcome = run("audit", "--format", name, "--output", "out.txt")
    written = (project / "out.txt").read_text()

    assert (outcome.code, outcome.out) == (1, "")
    assert printed.startswith(written)
    assert outcome.err.startswith("1 error, 1 warning, ")


# --- Rules.


def test_rules_are_listed_and_explained(run: Run) -> None:
    assert "DRP101  error" in run("audit", "--list-rules").out
    for name in ("DRP101", "drp101", "functional-dropout-always-on"):
        outcome = run("audit", "--explain", name)

        assert outcome.code == 0
        assert "F.dropout(x, p=0.3, training=self.training)" in outcome.out


# --- Models.


def test_a_model_is_imported_and_looked_at(run: Run) -> None:
    quiet = run("audit", f"{MODELS}:Functional")
    outcome = run("audit", f"{MODELS}:Functional", "--input", "64,8")

    assert "No example was given" in quiet.err
    assert outcome.code == 1
    assert "DRP1" in outcome.out
    assert "tests/sites/models.py" in outcome.out


def test_a_model_that_cannot_be_imported_is_a_sentence(run: Run, project: Path) -> None:
    (project / "broken_model_file.py").write_text("raise KeyError('size')\n")
    outcome = run("audit", "broken_model_file:Model")

    assert (outcome.code, outcome.out) == (2, "")
    assert outcome.err == "Error: The model's module cannot be imported: KeyError: 'size'.\n"


def test_a_model_and_files_go_together(run: Run, project: Path) -> None:
    words = ("audit", "error.py", f"{MODELS}:Functional", "--select", "DRP1", "--format", "json")
    content = json.loads(run(*words, "--input", "64,8").out)

    assert {x["layer"] for x in content["findings"]} == {"source", "model"}
    assert content["files"] == 1


def test_reading_source_needs_no_torch(project: Path) -> None:
    code = (
        "import sys; sys.argv = ['torchdrop', 'audit', '--fix']\n"
        "from torchdrop.cli import main\n"
        "try: main()\n"
        "except SystemExit: print('torch' in sys.modules)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=project, capture_output=True, text=True, check=True
    )

    assert done.stdout.splitlines()[-1] == "False"


# --- A terminal, and its keys.


def test_a_bar_is_drawn_for_many_files_and_on_a_terminal_only(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(progress, "_PAUSE", 0.0)
    for terminal, total, drawn in ((True, 101, True), (True, 100, False), (False, 101, False)):
        with progress.counting(Console(stderr=True, force_terminal=terminal, width=80)) as on_file:
            assert (on_file is None) is not terminal
            for done in range(1, total + 1):
                if on_file is not None:
                    on_file(done, total)

        assert ("50/101 files" in capsys.readouterr().err) is drawn


@pytest.mark.skipif(os.name == "nt", reason="signals and pipes are of Unix")
@pytest.mark.parametrize("workers", ["1", "2"])
def test_ctrl_c_ends_it_with_a_word(workers: str, tmp_path: Path) -> None:
    """It comes while a file is read: one that is a pipe, which ends when we close it."""
    os.mkfifo(tmp_path / "pipe.py")
    code = "from torchdrop.cli import main; main()"
    process = subprocess.Popen(
        [sys.executable, "-c", code, "audit", "--workers", workers],
        cwd=tmp_path,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    with (tmp_path / "pipe.py").open("w"):  # waits until somebody reads
        os.killpg(process.pid, signal.SIGINT)  # as a terminal does: to every process
        time.sleep(0.5)
    out, err = process.communicate(timeout=60)

    assert (process.returncode, out, err) == (130, "", "Stopped.\n")


def test_help_has_an_example_and_every_option(run: Run) -> None:
    out = run("audit", "--help").out

    assert "Example: torchdrop audit src --fix" in out
    assert "--write-baseline" in out
