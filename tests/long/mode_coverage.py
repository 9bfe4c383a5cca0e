"""Print what each way of turning dropout on or off reaches, as a Markdown table.

    pip install --no-deps --target PEERS/baal baal
    pip install --no-deps --target PEERS/torch-uncertainty torch-uncertainty
    pip install --no-deps --target PEERS/torchtune torchtune
    pip install --no-deps --target PEERS/einops einops
    python -m tests.long.mode_coverage PEERS

Only the peers' files with the function in question are loaded, as they are, so that none of their
other requirements is needed. A peer that is not there has no column, and a line says so.
"""

from __future__ import annotations

import sys
import types
import warnings
from collections.abc import Callable
from importlib import import_module
from pathlib import Path
from typing import Any

import torch
from torch import nn

from tests.modes.cases import CASES, build, differs, example
from torchdrop.errors import ModeError, ModelError
from torchdrop.modes import Disabled, disable_, disabled, evaluating, sampling

Reach = Callable[[nn.Module], str]


def by_eval(model: nn.Module) -> str:
    """Whether torch's own switch turns dropout off."""
    return _yes(not differs(model.eval()))


def by_evaluating(model: nn.Module) -> str:
    """Whether the check tells the truth."""
    try:
        with evaluating(model, check=True, example=example()):
            return "proved" if not differs(model) else "no"
    except ModeError:
        with evaluating(model):
            return "error names it" if differs(model) else "false alarm"


def by_sampling(model: nn.Module) -> str:
    """Whether forwards differ, and nothing else moves."""
    try:
        with sampling(model):
            return _samples(model, differs)
    except ModelError:
        return "refused"


def by_sampling_with_example(model: nn.Module) -> str:
    """The same, told by an example."""
    with sampling(model, example=example()):
        return _samples(model, differs)


def by_disabled(model: nn.Module) -> str:
    """Whether training mode drops nothing."""
    with disabled(model.train()) as record:
        return _off(differs(model), record)


def by_disable(model: nn.Module) -> str:
    """Whether training mode drops nothing anymore."""
    record = disable_(model.train(), example=example())
    return _off(differs(model), record)


def by_baal(model: nn.Module) -> str:
    """Its `patch_module`, then evaluation mode."""
    patch = import_module("baal.bayesian.dropout").patch_module
    return _samples(patch(model).eval(), differs)


def by_torch_uncertainty(model: nn.Module) -> str:
    """Its `mc_dropout`, two samples of one input."""
    wrap = import_module("torch_uncertainty.methods.mc_dropout").mc_dropout
    try:
        wrapped = wrap(model, num_estimators=2, on_batch=False).eval()
    except ValueError:
        return "refused"
    return _samples(wrapped, _halves_differ)


def by_torchtune(model: nn.Module) -> str:
    """Its `disable_dropout`, then training mode."""
    import_module("torchtune.training._model_util").disable_dropout(model)
    return _yes(not differs(model.train()))


OURS: dict[str, Reach] = {
    "`model.eval()` turns off": by_eval,
    "`evaluating(check=True)`": by_evaluating,
    "`sampling` turns on": by_sampling,
    "with `example`": by_sampling_with_example,
    "`disabled` turns off": by_disabled,
    "`disable_`": by_disable,
}
PEERS: dict[str, tuple[str, tuple[str, ...], Reach]] = {
    "baal": ("`patch_module` turns on", ("baal", "baal.bayesian"), by_baal),
    "torch-uncertainty": (
        "`mc_dropout` turns on",
        ("torch_uncertainty", "torch_uncertainty.methods"),
        by_torch_uncertainty,
    ),
    "torchtune": (
        "`disable_dropout` turns off",
        ("torchtune", "torchtune.training"),
        by_torchtune,
    ),
}


def _yes(reached: bool) -> str:
    return "yes" if reached else "no"


def _off(drops: bool, record: Disabled) -> str:
    return "yes" if not drops else "no, and says so" if record.left else "no"


def _samples(model: nn.Module, vary: Callable[[nn.Module], bool]) -> str:
    before = [buffer.clone() for buffer in model.buffers()]
    varied = vary(model)
    moved = not all(torch.equal(a, b) for a, b in zip(before, model.buffers(), strict=True))
    return _yes(varied) + (", moves statistics" if moved else "")


def _halves_differ(model: nn.Module) -> bool:
    with torch.no_grad():
        first, second = model(example()).chunk(2)
    return not torch.equal(first, second)


def _load(folder: Path, packages: tuple[str, ...]) -> None:
    """Let sub-modules be imported without what their packages import at the start."""
    for package in packages:
        module = types.ModuleType(package)
        module.__path__ = [str(folder.joinpath(*package.split(".")))]
        sys.modules[package] = module


def _columns(peers: Path | None) -> tuple[dict[str, Reach], list[str]]:
    columns, missing = dict(OURS), []
    for name, (title, packages, reach) in PEERS.items():
        if peers is None or not (peers / name).is_dir():
            missing.append(name)
            continue
        _load(peers / name, packages)
        columns[f"{name}: {title}"] = reach
    return columns, missing


def main(arguments: list[str]) -> None:
    """Print the table."""
    peers = Path(arguments[0]) if arguments else None
    if peers is not None:
        sys.path.append(str(peers / "einops"))
    columns, missing = _columns(peers)
    lines = ["| dropout in | " + " | ".join(columns) + " |", "|---" * (len(columns) + 1) + "|"]
    for name in CASES:
        cells: list[Any] = []
        for reach in columns.values():
            # Nobody replaces the model itself.
            model = nn.Sequential(build(name)).train()
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                cells.append(reach(model))
        lines.append(f"| {name} | " + " | ".join(cells) + " |")
    lines += [f"\nNot installed: {name}." for name in missing]
    sys.stdout.write("\n".join(lines) + "\n")


if __name__ == "__main__":
    main(sys.argv[1:])
