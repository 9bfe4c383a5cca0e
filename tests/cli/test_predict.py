import io
import re
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from torch import nn

from torchdrop.errors import ModelError
from torchdrop.tuning import load_model

from .conftest import QUICK, Outcome, Run


def test_predictions_come_as_a_csv_with_a_probability_for_each_class(run: Run, table: Path) -> None:
    run("tune", str(table), "--target", "label", *QUICK, "--out", "run")
    outcome = run("predict", "run", str(table), "--out", "predictions.csv")
    predicted = pd.read_csv("predictions.csv")

    assert outcome.code == 0
    assert outcome.out == ""
    assert list(predicted) == ["prediction", "probability_big", "probability_small"]
    assert len(predicted) == 120


def test_without_a_file_they_are_printed(run: Run) -> None:
    run("tune", *QUICK, "--out", "run")
    outcome = run("predict", "run", "digits")
    predicted = pd.read_csv(io.StringIO(outcome.out))

    assert len(predicted) == 1797
    assert list(predicted)[1:] == [f"probability_{digit}" for digit in range(10)]


def test_a_table_without_the_target_will_do(run: Run, table: Path) -> None:
    run("tune", str(table), "--target", "price", *QUICK, "--out", "run")
    pd.read_csv(table)[["kind", "size", "label"]].to_csv("new.csv", index=False)
    outcome = run("predict", "run", "new.csv")

    assert list(pd.read_csv(io.StringIO(outcome.out))) == ["prediction"]


def test_a_missing_column_is_named(run: Run, table: Path) -> None:
    run("tune", str(table), "--target", "label", *QUICK, "--out", "run")
    pd.read_csv(table).drop(columns="kind").to_csv("new.csv", index=False)
    outcome = run("predict", "run", "new.csv")

    assert outcome.code == 2
    assert "kind" in outcome.err


def test_an_output_folder_that_is_missing_is_refused(run: Run) -> None:
    outcome = run("predict", "run", "digits", "--out", "no/where.csv")

    assert outcome.code == 2
    assert "no directory" in outcome.err


def test_samples_say_how_sure_each_prediction_is(
    run: Run, table: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run("tune", str(table), "--target", "label", *QUICK, "--out", "run")
    saved = load_model("run")
    dropping = replace(saved, network=nn.Sequential(nn.Dropout(0.2), saved.network))
    monkeypatch.setattr("torchdrop.cli._predict.load_model", lambda path: dropping)
    asked = ("predict", "run", str(table), "--samples", "20")
    first, again, other = (run(*asked, *more) for more in ((), ("--seed", "0"), ("--seed", "1")))
    predicted = pd.read_csv(io.StringIO(first.out))

    assert first.out == again.out
    assert first.out != other.out
    assert list(predicted)[3:] == ["entropy", "mutual_information", "variation_ratio"]
    assert (predicted["mutual_information"] >= 0).all()
    assert (predicted["entropy"] >= predicted["mutual_information"]).all()


def test_samples_of_a_network_that_drops_nothing_are_refused(run: Run, table: Path) -> None:
    run("tune", str(table), "--target", "label", *QUICK, "--out", "run")
    saved = load_model("run")
    for layer in saved.network.modules():
        if isinstance(layer, nn.Dropout):
            layer.p = 0.0
    with pytest.raises(ModelError, match="needs dropout"):
        replace(saved, p=0.3).sample(saved.read(str(table)))
    with pytest.raises(ModelError, match="This run chose p = 0, so its network drops nothing"):
        replace(saved, p=0.0).sample(saved.read(str(table)))


def test_a_seed_without_samples_is_refused(run: Run) -> None:
    outcome = run("predict", "run", "digits", "--seed", "1")

    assert outcome.code == 2
    assert "--samples" in outcome.err


def test_the_report_shows_images_of_the_rows_at_both_ends(
    run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    run("tune", "digits", *QUICK, "--out", "run")
    saved = load_model("run")
    dropping = replace(saved, network=nn.Sequential(nn.Dropout(0.2), saved.network))
    monkeypatch.setattr("torchdrop.cli._predict.load_model", lambda path: dropping)
    outcome = run("predict", "run", "digits", "--samples", "3", "--report", "page.html")
    page = Path("page.html").read_text(encoding="utf-8")

    assert outcome.code == 0
    assert len(pd.read_csv(io.StringIO(outcome.out))) == 1797
    assert page.count("data:image/png") == 20
    assert "Risk by coverage" in page
    assert "Scores of 1,797 rows: wrong classes" in outcome.err


def test_a_report_without_samples_is_refused(run: Run) -> None:
    outcome = run("predict", "run", "digits", "--report", "page.html")

    assert outcome.code == 2
    assert "--samples" in outcome.err


SECTIONS = {
    "samples": "How many samples it takes",
    "reliability": "<h3>Reliability</h3>",
    "risk": "<h3>Risk by coverage</h3>",
    "errors": "With doubtful rows left out",
    "intervals": "Whether intervals hold",
}
CLASSES, NUMBERS = {"samples", "reliability", "risk"}, {"samples", "errors"}


@pytest.fixture(scope="module", params=["label", "price"])
def target(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def sampled(run: Run, table: Path, target: str, monkeypatch: pytest.MonkeyPatch) -> Run:
    """A run on classes or numbers, whose network drops; then `predict` with samples and a page."""
    run("tune", str(table), "--target", target, *QUICK, "--out", "run")
    saved = load_model("run")
    dropping = replace(saved, network=nn.Sequential(nn.Dropout(0.2), saved.network))
    monkeypatch.setattr("torchdrop.cli._predict.load_model", lambda path: dropping)

    def predict(*words: str) -> Outcome:
        return run("predict", "run", *words, "--samples", "20", "--report", "page.html")

    return predict


def _shown() -> set[str]:
    page = Path("page.html").read_text(encoding="utf-8")
    return {name for name, heading in SECTIONS.items() if heading in page}


def _rewrite(table: Path, target: str, values: Sequence[object] | None) -> str:
    """A table with these values in the target, or without the column."""
    frame = pd.read_csv(table).drop(columns=target)
    if values is not None:
        frame[target] = values
    frame.to_csv("new.csv", index=False)
    return "new.csv"


def test_where_the_target_is_in_the_data_scores_are_told_and_shown(
    sampled: Run, table: Path, target: str
) -> None:
    outcome = sampled(str(table))
    lines = outcome.err.strip().splitlines()
    page = Path("page.html").read_text(encoding="utf-8")

    assert outcome.code == 0
    assert len(lines) == 1
    assert lines[0].startswith("Scores of 120 rows:")
    assert ("log-likelihood" in lines[0]) == (target == "label")
    assert _shown() == (CLASSES if target == "label" else NUMBERS)
    assert "no targets" not in page
    assert len(pd.read_csv(io.StringIO(outcome.out))) == 120


def test_scores_are_those_of_the_table(sampled: Run, table: Path, target: str) -> None:
    """The table holds the mean of the samples, in the target's own unit."""
    outcome = sampled(str(table))
    predicted = pd.read_csv(io.StringIO(outcome.out))["prediction"]
    truth = pd.read_csv(table)[target]
    found = re.search(r"([\d.,]+)( %)? by the mean of 20 samples", outcome.err)
    assert found is not None
    told = float(found[1].replace(",", ""))
    if target == "label":
        assert told == pytest.approx(100 * (predicted != truth).mean(), abs=0.005)
    else:
        assert told == pytest.approx(np.sqrt(((predicted - truth) ** 2).mean()), rel=1e-3)


def test_without_the_target_or_with_an_empty_one_all_is_as_ever(
    sampled: Run, table: Path, target: str
) -> None:
    known = sampled(str(table))
    for values in (None, [None] * 120):
        outcome = sampled(_rewrite(table, target, values))
        assert (outcome.code, outcome.err) == (0, "")
        assert outcome.out == known.out
        assert _shown() == set()
        assert "no targets" in Path("page.html").read_text(encoding="utf-8")


def test_rows_without_a_target_are_predicted_and_left_out_of_scores(
    sampled: Run, table: Path, target: str
) -> None:
    known = sampled(str(table))
    values = pd.read_csv(table)[target].astype(object)
    values[:30] = None
    outcome = sampled(_rewrite(table, target, values.to_list()))
    page = Path("page.html").read_text(encoding="utf-8")

    assert outcome.out == known.out
    assert outcome.err.startswith("Scores of 90 of 120 rows, which have a target:")
    assert "30 rows without a target are left out." in page
    assert _shown() == (CLASSES if target == "label" else NUMBERS)


def test_a_target_that_cannot_be_one_is_refused_with_what_to_do(
    sampled: Run, table: Path, target: str
) -> None:
    values = pd.read_csv(table)[target].astype(object)
    values[7] = "huge"
    outcome = sampled(_rewrite(table, target, values.to_list()))

    assert outcome.code == 2
    assert outcome.out == ""
    assert "'huge'" in outcome.err
    assert "leave them empty" in " ".join(outcome.err.split())


def test_scores_of_the_rows_trained_on_are_called_too_good(
    sampled: Run, table: Path, target: str
) -> None:
    values = pd.read_csv(table)[target].to_list()

    assert "too good" in sampled(str(table)).err
    assert "too good" not in sampled(_rewrite(table, target, values)).err


def test_tau_gives_a_regression_intervals_and_a_likelihood(
    sampled: Run, table: Path, target: str
) -> None:
    outcome = sampled(str(table), "--tau", "1e-8")

    if target == "label":
        assert outcome.code == 2
        assert "predicts classes" in outcome.err
    else:
        assert "log-likelihood" in outcome.err
        assert _shown() == {*NUMBERS, "intervals"}


def test_tau_without_samples_is_refused(run: Run) -> None:
    outcome = run("predict", "run", "digits", "--tau", "1")

    assert outcome.code == 2
    assert "--samples" in outcome.err


def test_the_help_shows_a_page_being_made(run: Run) -> None:
    outcome = run("predict", "--help")

    assert "--samples 100 --report page.html" in outcome.out
