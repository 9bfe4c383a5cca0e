"""`torchdrop predict`: use the network that a run chose."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

from ..errors import SettingError
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
    data_dir: Annotated[
        Path | None, typer.Option(help="Folder with the idx files of mnist or fashion-mnist.")
    ] = None,
) -> None:
    """Predict every row: its prediction, and for classes the probability of each."""
    if out is not None and not out.parent.is_dir():
        raise SettingError(f"--out names a file in {out.parent}, which is no directory.")
    if seed is not None and samples is None:
        raise SettingError("--seed is of --samples; give both.")
    model = load_model(run)
    features = model.read(data, data_dir)
    if samples is None:
        table = model.predict(features)
    else:
        table = model.sample(features, samples, seed=seed or 0)
    table.to_csv(out if out is not None else sys.stdout, index=False)
