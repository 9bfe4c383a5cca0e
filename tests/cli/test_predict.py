import io
from pathlib import Path

import pandas as pd

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
