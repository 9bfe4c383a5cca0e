from pathlib import Path

from .conftest import QUICK, Run


def test_the_report_is_drawn_again_as_it_was(run: Run) -> None:
    run("tune", *QUICK, "--out", "run")
    report = Path("run/report.html")
    first = report.read_text()
    report.unlink()
    outcome = run("report", "run")

    assert outcome.code == 0
    assert outcome.out.splitlines()[-1] == "report: run/report.html"
    assert report.read_text() == first


def test_what_is_no_run_is_refused(run: Run) -> None:
    outcome = run("report", "nowhere")

    assert outcome.code == 2
    assert outcome.err == "Error: nowhere holds no result.\n"
