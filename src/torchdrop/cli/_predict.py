"""`torchdrop predict`: use the network that a run chose."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

from ..errors import SettingError
from ..report import prediction_page
from ..tuning import load_model
from ._console import errors
from ._predict_text import scores


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
    tau: Annotated[
        float | None,
        typer.Option(
            help="Precision of the noise, 1 / variance in the target's unit, of a regression; "
            "gives intervals and a log-likelihood."
        ),
    ] = None,
    report: Annotated[
        Path | None, typer.Option(help="HTML page to write about the samples.")
    ] = None,
    data_dir: Annotated[
        Path | None, typer.Option(help="Folder with the idx files of mnist or fashion-mnist.")
    ] = None,
) -> None:
    """Predict every row: its prediction, and for classes the probability of each.

    Where DATA has the target too, --samples says on standard error how good
    the predictions are, and the page of --report shows it. Rows without a
    target are predicted, and left out of the scores. On rows that the run was
    trained on, scores are too good.

    [bold]torchdrop predict runs/wine new.csv --samples 100 --report page.html[/bold]
    """
    for option, path in (("--out", out), ("--report", report)):
        if path is not None and not path.parent.is_dir():
            raise SettingError(f"{option} names a file in {path.parent}, which is no directory.")
    for option, given in (("--seed", seed), ("--tau", tau), ("--report", report)):
        if given is not None and samples is None:
            raise SettingError(f"{option} is of --samples; give both.")
    model = load_model(run)
    if samples is None:
        table = model.predict(model.read(data, data_dir))
    else:
        features, targets = model.read_labeled(data, data_dir)
        prediction = model.sampled(features, samples, seed=seed or 0, targets=targets, tau=tau)
        table = model.table(prediction)
        if report is not None:
            images = model.images(features)
            prediction_page(prediction, report, images, name=data, classes=model.classes)
        if told := scores(prediction, data, model.trained_on):
            errors.print(told, markup=False, highlight=False)
    table.to_csv(out if out is not None else sys.stdout, index=False)
