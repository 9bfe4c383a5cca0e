import io
from dataclasses import replace
from pathlib import Path

import pandas as pd
import pytest
from torch import nn

from torchdrop.errors import ModelError
from torchdrop.tuning import load_model

from .conftest import QUICK, Run


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
        saved.sample(saved.read(str(table)))


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
    assert "no targets" in page


def test_a_report_without_samples_is_refused(run: Run) -> None:
    outcome = run("predict", "run", "digits", "--report", "page.html")

    assert outcome.code == 2
    assert "--samples" in outcome.err
