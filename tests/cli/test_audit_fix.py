"""`torchdrop audit --fix`, `--diff` and baselines, as a shell calls them."""

import json
import subprocess
from pathlib import Path

from .audited import ERROR, WARNING
from .conftest import Run

# --- Mending.


def test_fix_mends_and_leaves_the_rest(run: Run, project: Path) -> None:
    outcome = run("audit", "--fix", "--format", "json")

    assert (project / "error.py").read_text() == ERROR.replace(
        "0.5)", "0.5, training=self.training)"
    )
    assert (project / "warning.py").read_text() == WARNING
    assert [x["path"] for x in json.loads(outcome.out)["findings"]] == ["advice.py", "warning.py"]
    assert "Findings mended: 1, in 1 of 1 files that have a safe fix." in outcome.err
    assert run("audit", "--fix", "error.py").code == 0


def test_diff_shows_what_fix_does_and_changes_nothing(run: Run, project: Path) -> None:
    outcome = run("audit", "--diff")

    assert outcome.code == 1
    assert "--- error.py\n+++ error.py\n" in outcome.out
    assert "\n+        return F.dropout(x, 0.5, training=self.training)\n" in outcome.out
    assert (project / "error.py").read_text() == ERROR
    assert run("audit", "--diff", "warning.py") == (0, "", "")


def test_patch_takes_the_diff(run: Run, project: Path) -> None:
    (project / "error.py").write_text(ERROR.rstrip("\n"))
    diff = run("audit", "--diff").out
    run("audit", "--fix")
    fixed = (project / "error.py").read_text()
    (project / "error.py").write_text(ERROR.rstrip("\n"))
    subprocess.run(["patch", "-p0"], input=diff, text=True, check=True, capture_output=True)

    assert (project / "error.py").read_text() == fixed
    assert not fixed.endswith("\n")


def test_windows_line_ends_stay(run: Run, project: Path) -> None:
    (project / "error.py").write_bytes(ERROR.replace("\n", "\r\n").encode())
    run("audit", "--fix")
    content = (project / "error.py").read_bytes()

    assert b"training=self.training" in content
    assert content.count(b"\r\n") == content.count(b"\n") == ERROR.count("\n")


def test_mixed_line_ends_are_left_and_told(run: Run, project: Path) -> None:
    content = ERROR.replace("\n", "\r\n", 1).encode()
    (project / "error.py").write_bytes(content)
    outcome = run("audit", "--fix")

    assert (project / "error.py").read_bytes() == content
    assert "error.py is left: a file that mixes line ends" in outcome.err
    assert "error.py:7:16" in outcome.out


def test_a_notebook_is_not_mended(run: Run, project: Path) -> None:
    text = json.dumps({"cells": [{"cell_type": "code", "source": ERROR}]})
    (project / "error.ipynb").write_text(text)
    outcome = run("audit", "--fix", "error.ipynb", "--format", "json")
    (finding,) = json.loads(outcome.out)["findings"]

    assert not finding["fixable"]
    assert (project / "error.ipynb").read_text() == text


# --- Baseline.


def test_a_baseline_leaves_only_what_is_new(run: Run, project: Path) -> None:
    written = run("audit", "--write-baseline", "known.json")
    clean = run("audit", "--baseline", "known.json")
    (project / "warning.py").write_text("# moved\n" + WARNING + "\n\nmore = F.dropout(1, 0.1)\n")
    new = run("audit", "--baseline", "known.json")

    assert (written.code, written.out) == (0, "")
    assert "Wrote 3 findings to known.json." in written.err
    assert clean.code == 0
    assert clean.out.startswith("No findings in 3 files ")
    assert "3 findings silenced." in clean.out
    assert new.code == 1
    assert new.out.splitlines()[-1].startswith("1 warning in 1 of 3 files")


def test_what_the_baseline_knows_is_not_mended(run: Run, project: Path) -> None:
    run("audit", "--write-baseline", "known.json")
    run("audit", "--fix", "--baseline", "known.json")

    assert (project / "error.py").read_text() == ERROR


def test_a_baseline_can_be_written_again_over_itself(run: Run, project: Path) -> None:
    run("audit", "--write-baseline", "known.json")
    before = (project / "known.json").read_text()
    run("audit", "--baseline", "known.json", "--write-baseline", "known.json")

    assert (project / "known.json").read_text() == before
