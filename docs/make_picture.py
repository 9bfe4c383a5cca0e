"""Draw the README's picture from a finished run: `make demo picture`."""

import sys
from pathlib import Path

from torchdrop.report import loss_figure_svg
from torchdrop.tuning import load_result

run, folder = map(Path, sys.argv[1:])
folder.mkdir(parents=True, exist_ok=True)
(folder / "loss.svg").write_text(loss_figure_svg(load_result(run)), encoding="utf-8")
