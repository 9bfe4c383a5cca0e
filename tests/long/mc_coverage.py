"""What is random in Monte Carlo prediction, as Markdown: `python -m tests.long.mc_coverage`.

For each kind of dropout a small model in evaluation mode is predicted 20 times over. With other
packages beside ours, from a folder made once; what is not there is left out, and a line says so:

    pip install --no-deps --target RIVALS baal==2.1.0 torch-uncertainty==0.13.0 \\
        'structlog<23' 'torchmetrics<2' lightning-utilities tqdm einops
    python -m tests.long.mc_coverage --rivals RIVALS

Of torch-uncertainty the one file that holds `mc_dropout` is loaded, without the rest of the
package, which needs lightning and torchvision.
"""

from __future__ import annotations

import argparse
import copy
import sys
import warnings
from collections.abc import Callable, Mapping, Sequence
from importlib.util import find_spec, module_from_spec, spec_from_file_location
from pathlib import Path

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from torchdrop.montecarlo import predict

Sampler = Callable[[nn.Module, Tensor], Tensor]
Case = Callable[[], "tuple[nn.Module, Tensor]"]

SAMPLES = 20
_P = 0.5
_ROWS, _STEPS, _WIDTH = 6, 5, 8
_LEAST = 1e-5  # of a standard deviation, to count as random
_MOVED = "moved"  # running statistics, by predicting


class Functional(nn.Module):
    """Calls the function, as the mode says."""

    def __init__(self) -> None:
        super().__init__()
        self.linear = nn.Linear(_WIDTH, 3)

    def forward(self, x: Tensor) -> Tensor:
        values: Tensor = self.linear(F.dropout(x, _P, self.training))
        return values


class Attention(nn.Module):
    """Drops inside torch's attention."""

    def __init__(self) -> None:
        super().__init__()
        self.attention = nn.MultiheadAttention(_WIDTH, 2, dropout=_P, batch_first=True)

    def forward(self, x: Tensor) -> Tensor:
        values: Tensor = self.attention(x, x, x)[0]
        return values.flatten(1)


class Recurrent(nn.Module):
    """Drops between the layers of torch's LSTM."""

    def __init__(self) -> None:
        super().__init__()
        self.lstm = nn.LSTM(_WIDTH, 4, num_layers=2, dropout=_P, batch_first=True)

    def forward(self, x: Tensor) -> Tensor:
        values: Tensor = self.lstm(x)[0]
        return values.flatten(1)


def _chain(layer: nn.Module, *axes: int) -> tuple[nn.Module, Tensor]:
    """A layer in front of a linear one, on rows of `_WIDTH` channels and more axes."""
    values = _WIDTH * 2 ** len(axes)
    x = torch.randn(_ROWS, _WIDTH, *axes)
    return nn.Sequential(nn.Identity(), layer, nn.Flatten(), nn.Linear(values, 3)), x


def _sequence(layer: nn.Module) -> tuple[nn.Module, Tensor]:
    return layer, torch.randn(_ROWS, _STEPS, _WIDTH)


def _encoder() -> tuple[nn.Module, Tensor]:
    layer = nn.TransformerEncoderLayer(_WIDTH, 2, 16, dropout=_P, batch_first=True)
    return _sequence(nn.Sequential(layer, nn.Flatten()))


def _compiled() -> tuple[nn.Module, Tensor]:
    model, x = _chain(nn.Dropout(_P))
    return torch.compile(model, backend="eager"), x  # type: ignore[return-value]


def _normed() -> tuple[nn.Module, Tensor]:
    layers = (nn.BatchNorm1d(_WIDTH), nn.Dropout(_P), nn.Linear(_WIDTH, 3))
    return nn.Sequential(*layers), torch.randn(_ROWS, _WIDTH)


CASES: Mapping[str, Case] = {
    "`nn.Dropout`": lambda: _chain(nn.Dropout(_P)),
    "`nn.Dropout1d`": lambda: _chain(nn.Dropout1d(_P), 2),
    "`nn.Dropout2d`": lambda: _chain(nn.Dropout2d(_P), 2, 2),
    "`nn.Dropout3d`": lambda: _chain(nn.Dropout3d(_P), 2, 2, 2),
    "`nn.AlphaDropout`": lambda: _chain(nn.AlphaDropout(_P)),
    "`nn.FeatureAlphaDropout`": lambda: _chain(nn.FeatureAlphaDropout(_P), 2),
    "`F.dropout(x, p, self.training)`": lambda: (Functional(), torch.randn(_ROWS, _WIDTH)),
    "`nn.MultiheadAttention(dropout=)`": lambda: _sequence(Attention()),
    "`nn.LSTM(dropout=)`": lambda: _sequence(Recurrent()),
    "`nn.TransformerEncoderLayer`": _encoder,
    "`torch.compile` of `nn.Dropout`": _compiled,
    "`nn.Dropout` behind `nn.BatchNorm1d`": _normed,
    "no dropout at all": lambda: _chain(nn.Identity()),
}


def ours(model: nn.Module, x: Tensor) -> Tensor:
    """Samples of shape `(T, N, C)`."""
    kept = predict(model, x, SAMPLES, task="regression", keep_samples=True).kept
    assert kept is not None
    return kept


def _with_baal() -> Sampler:
    from baal.bayesian.dropout import patch_module  # noqa: PLC0415
    from baal.modelwrapper import ModelWrapper, TrainingArgs  # noqa: PLC0415

    def run(model: nn.Module, x: Tensor) -> Tensor:
        wrapper = ModelWrapper(patch_module(model), TrainingArgs(use_cuda=False))
        values: Tensor = wrapper.predict_on_batch(x, iterations=SAMPLES)
        return values.movedim(-1, 0)

    return run


def _with_torch_uncertainty(path: Path) -> Sampler:
    spec = spec_from_file_location("torch_uncertainty_mc_dropout", path)
    assert spec is not None
    assert spec.loader is not None
    module = module_from_spec(spec)
    spec.loader.exec_module(module)

    def run(model: nn.Module, x: Tensor) -> Tensor:
        many: Tensor = module.mc_dropout(model, num_estimators=SAMPLES).eval()(x)
        return many.view(SAMPLES, len(x), -1)

    return run


def rivals(folder: Path | None) -> dict[str, Sampler]:
    """Find the other packages in their folder."""
    found: dict[str, Sampler] = {}
    if folder is None:
        return found
    sys.path.append(str(folder))  # behind our own environment
    if find_spec("baal") is not None:
        found["baal 2.1.0"] = _with_baal()
    path = folder / "torch_uncertainty" / "methods" / "mc_dropout.py"
    if path.is_file():
        found["torch-uncertainty 0.13.0"] = _with_torch_uncertainty(path)
    return found


def judge(case: Case, sampler: Sampler) -> str:
    """Say in a word whether a case's samples differ, or how it was refused."""
    with torch.random.fork_rng(devices=[]), warnings.catch_warnings(record=True) as heard:
        warnings.simplefilter("always")
        torch.manual_seed(0)
        model, x = case()
        model = model.eval()
        before = copy.deepcopy(dict(model.named_buffers()))
        try:
            with torch.no_grad():
                spread = float(sampler(model, x).double().std(0).max())
        except Exception as error:  # noqa: BLE001  # whatever another package raises is the answer
            return f"refuses: {type(error).__name__}"
    moved = any(not torch.equal(x, before[name]) for name, x in model.named_buffers())
    told = [f"{x.category.__name__}" for x in heard if issubclass(x.category, UserWarning)]
    word = "yes" if spread > _LEAST else "**no**, with a warning" if told else "**no, silently**"
    return f"{word}; statistics {_MOVED}" if moved else word


def table(samplers: Mapping[str, Sampler]) -> str:
    """Write the table: a line for each case."""
    head = ["samples differ", *samplers]
    rows = [
        [name, *(judge(case, run) for run in samplers.values())] for name, case in CASES.items()
    ]
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines) + "\n"


def main(words: Sequence[str] | None = None) -> None:
    """Judge all cases, and print."""
    parser = argparse.ArgumentParser(description="See what is random in Monte Carlo prediction.")
    parser.add_argument("--rivals", type=Path, help="folder with the other packages")
    asked = parser.parse_args(words)
    torch.set_num_threads(1)
    samplers = {"torchdrop": ours, **rivals(asked.rivals)}
    sys.stdout.write(f"torch {torch.__version__}; {SAMPLES} samples of {_ROWS} rows.\n\n")
    sys.stdout.write(table(samplers))
    if len(samplers) < 3:
        sys.stdout.write("\nNot all other packages are there.\n")


if __name__ == "__main__":
    main()
