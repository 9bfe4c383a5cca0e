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
    data_dir: Annotated[
        Path | None, typer.Option(help="Folder with the idx files of mnist or fashion-mnist.")
    ] = None,
) -> None:
    """Predict every row: its prediction, and for classes the probability of each."""
    if out is not None and not out.parent.is_dir():
        raise SettingError(f"--out names a file in {out.parent}, which is no directory.")
    model = load_model(run)
    table = model.predict(model.read(data, data_dir))
    table.to_csv(out if out is not None else sys.stdout, index=False)
