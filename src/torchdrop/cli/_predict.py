"""`torchdrop predict`: use the network that a run chose."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

from ..errors import SettingError
from ..report import prediction_page
from ..tuning import load_model


def predict(
    run: Annotated[Path, typer.Argument(help="Directory of a finished run.")],
    data: Annotated[
        str, typer.Argument(help="A file like the one trained on, or a built-in data set.")
    ],
    out: Annotated[
        Path | None, typer.Option(help="CSV file to write (default: standard output).")
    ] = None,
    samples: Annotated[
        int | None,
        typer.Option(help="Samples of each row with dropout on; says how sure each is."),
    ] = None,
    seed: Annotated[int | None, typer.Option(help="Of the samples (default: 0).")] = None,
    report: Annotated[
        Path | None, typer.Option(help="HTML page to write about the samples.")
    ] = None,
    data_dir: Annotated[
        Path | None, typer.Option(help="Folder with the idx files of mnist or fashion-mnist.")
    ] = None,
) -> None:
    """Predict every row: its prediction, and for classes the probability of each."""
    for option, path in (("--out", out), ("--report", report)):
        if path is not None and not path.parent.is_dir():
            raise SettingError(f"{option} names a file in {path.parent}, which is no directory.")
    for option, given in (("--seed", seed), ("--report", report)):
        if given is not None and samples is None:
            raise SettingError(f"{option} is of --samples; give both.")
    model = load_model(run)
    features = model.read(data, data_dir)
    if samples is None:
        table = model.predict(features)
    else:
        prediction = model.sampled(features, samples, seed=seed or 0)
        table = model.table(prediction)
        if report is not None:
            images = model.images(features)
            prediction_page(prediction, report, images, name=data, classes=model.classes)
    table.to_csv(out if out is not None else sys.stdout, index=False)
