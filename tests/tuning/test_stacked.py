"""Both engines of the sweep against each other, on a grid small enough for every day."""

from pathlib import Path

import pytest
import torch
from torch import nn

from torchdrop import data, networks, tune
from torchdrop.errors import SettingError
from torchdrop.nn import Dropout
from torchdrop.tuning import Progress, TuningResult

DIGITS = data.load("digits").flattened()
CELLS = [(p, seed) for p in (0.0, 0.4) for seed in range(2)]


def _network(p: float) -> nn.Module:
    return networks.mlp(64, 20, 10, p=p)


def _tuned(engine: str, **settings: object) -> TuningResult:
    return tune(_network, DIGITS, p=[0.4], seeds=2, epochs=3, engine=engine, **settings)  # type: ignore[arg-type]


def test_engines_agree_to_the_rounding_of_float32() -> None:
    """Float64 is held to 1e-12 in tests/training/test_stack.py."""
    loop, stacked = _tuned("loop"), _tuned("stacked")

    assert loop.verdict.answer == stacked.verdict.answer
    assert [(member.p, member.seed) for member in stacked.members] == CELLS
    for one, other in zip(loop.members, stacked.members, strict=True):
        assert one.test_loss == pytest.approx(other.test_loss, rel=0.02)
        assert len(one.history.epochs) == len(other.history.epochs)


def test_a_stacked_run_that_was_interrupted_can_be_resumed(tmp_path: Path) -> None:
    def interrupt(progress: Progress) -> None:
        if progress.epoch.number == 2:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        _tuned("stacked", out=tmp_path / "run", on_progress=interrupt)
    resumed = _tuned("stacked", out=tmp_path / "run", existing="resume")

    for one, other in zip(resumed.members, _tuned("stacked").members, strict=True):
        assert one.test_loss == other.test_loss


class _Branching(nn.Module):
    def __init__(self, p: float) -> None:
        super().__init__()
        self.linear, self.drop = nn.Linear(64, 10), Dropout(p)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        y: torch.Tensor = self.drop(self.linear(x))
        return y if y.sum() > 0 else -y


def test_a_network_that_cannot_be_stacked_is_refused_with_the_reason() -> None:
    with pytest.raises(SettingError, match=r"cannot train this network.*vmap.*Use 'loop'"):
        tune(_Branching, DIGITS, p=[0.4], seeds=2, epochs=1, engine="stacked")


def test_an_unknown_engine_is_refused() -> None:
    with pytest.raises(SettingError, match="loop, stacked; got 'fast'"):
        _tuned("fast")


def test_patience_ends_training_in_both_engines() -> None:
    for engine in ("loop", "stacked"):
        result = tune(
            *(_network, DIGITS),
            p=[0.4],
            seeds=2,
            epochs=40,
            lr=0.05,
            patience=1,
            engine=engine,
        )
        assert all(len(member.history.epochs) < 40 for member in result.members)
