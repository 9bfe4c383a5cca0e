"""A stack of networks against the networks alone: the fast engine and its specification."""

import copy
import math
from collections.abc import Callable, Sequence
from dataclasses import replace

import pytest
import torch
from torch import Tensor, nn

from torchdrop import networks
from torchdrop.data import Part
from torchdrop.nn import Dropout, Dropout2d
from torchdrop.training import (
    Objective,
    Stack,
    Track,
    TrainingSettings,
    fit,
    fit_stack,
    why_not_stacked,
)

RATES = (0.0, 0.2, 0.5)
OBJECTIVE = Objective("classification")


def _part(rows: int, shape: tuple[int, ...], seed: int) -> Part:
    generator = torch.Generator().manual_seed(seed)
    x = torch.randn(rows, *shape, dtype=torch.float64, generator=generator)
    return Part(x, (x.flatten(1).sum(1) > 0).long())


def _mlp(p: float) -> nn.Module:
    return networks.mlp(6, 16, 12, 2, p=p)


def _convolution(p: float) -> nn.Module:
    # Without a bias: BatchNorm takes its gradient away but for rounding, which Adam would blow up.
    return nn.Sequential(
        *(nn.Conv2d(1, 4, 3, bias=False), nn.BatchNorm2d(4), nn.ReLU(), Dropout2d(p), nn.Flatten()),
        *(nn.Linear(16, 8), nn.LayerNorm(8), nn.GELU(), Dropout(p), nn.Linear(8, 2)),
    )


NETWORKS: dict[str, tuple[Callable[[float], nn.Module], tuple[int, ...]]] = {
    "mlp": (_mlp, (6,)),
    "convolution": (_convolution, (1, 4, 4)),
}


def _models(make: Callable[[float], nn.Module], rates: Sequence[float] = RATES) -> list[nn.Module]:
    models = []
    for seed, p in enumerate(rates):
        with torch.random.fork_rng():
            torch.manual_seed(seed)
            models.append(make(p).double())
    return models


def _track(seed: int) -> Track:
    return Track(torch.Generator().manual_seed(seed), torch.Generator().manual_seed(100 + seed))


def _alone(
    models: Sequence[nn.Module], train: Part, validation: Part, settings: TrainingSettings
) -> list[Track]:
    tracks = []
    for seed, model in enumerate(copy.deepcopy(list(models))):
        track = _track(seed)
        with torch.random.fork_rng():
            torch.manual_seed(100 + seed)
            history = fit(model, train, validation, OBJECTIVE, settings, order=track.order)
        track.epochs, track.best = list(history.epochs), dict(model.state_dict())
        tracks.append(track)
    return tracks


def _together(
    models: Sequence[nn.Module],
    train: Part,
    validation: Part,
    settings: TrainingSettings,
    seeds: Sequence[int] | None = None,
) -> list[Track]:
    stack = Stack(models, train.x[:4])
    tracks = [_track(seed) for seed in seeds or range(len(models))]
    fit_stack(stack, tracks, train, validation, OBJECTIVE, settings)
    return tracks


def _assert_alike(one: Track, other: Track, bound: float) -> None:
    assert len(one.epochs) == len(other.epochs)
    for a, b in zip(one.epochs, other.epochs, strict=True):
        assert a.number == b.number
        assert a.noisy_training_loss == pytest.approx(b.noisy_training_loss, abs=bound)
        assert a.training_loss == pytest.approx(b.training_loss, abs=bound)
        assert a.validation_loss == pytest.approx(b.validation_loss, abs=bound)
        assert a.validation_accuracy == b.validation_accuracy
    assert list(one.best) == list(other.best)
    for name, value in one.best.items():
        assert torch.allclose(value, other.best[name], rtol=0, atol=bound), name


@pytest.mark.parametrize("optimizer", ["adam", "adamw", "sgd"])
@pytest.mark.parametrize(("name", "steps"), [("mlp", 300), ("convolution", 40)])
def test_members_train_as_they_do_alone(name: str, steps: int, optimizer: str) -> None:
    """In float64, to 1e-12."""
    make, shape = NETWORKS[name]
    train, validation = _part(50, shape, 1), _part(30, shape, 2)
    settings = TrainingSettings(epochs=steps // 4, batch_size=13, optimizer=optimizer, lr=0.003)
    models = _models(make)

    alone = _alone(models, train, validation, settings)
    together = _together(models, train, validation, settings)
    for one, other in zip(together, alone, strict=True):
        _assert_alike(one, other, 1e-12)


def test_the_stack_a_member_is_in_does_not_matter() -> None:
    train, validation = _part(50, (6,), 1), _part(30, (6,), 2)
    settings, models = TrainingSettings(epochs=10, batch_size=16), _models(_mlp)

    whole = _together(models, train, validation, settings)
    part = _together(models[1:], train, validation, settings, seeds=[1, 2])
    for one, other in zip(whole[1:], part, strict=True):
        _assert_alike(one, other, 1e-12)


def test_max_norm_holds_in_a_stack() -> None:
    train, validation = _part(50, (6,), 1), _part(30, (6,), 2)
    settings = TrainingSettings(epochs=5, batch_size=16, lr=0.05, max_norm=0.5)
    models = _models(_mlp)

    alone = _alone(models, train, validation, settings)
    for one, other in zip(_together(models, train, validation, settings), alone, strict=True):
        _assert_alike(one, other, 1e-12)
        assert all(w.norm(dim=1).max() <= 0.5 + 1e-6 for w in one.best.values() if w.ndim == 2)


@pytest.mark.parametrize("optimizer", ["adam", "sgd"])
def test_members_without_patience_left_leave_and_the_others_go_on(optimizer: str) -> None:
    train, validation = _part(50, (6,), 1), _part(30, (6,), 2)
    settings = TrainingSettings(epochs=60, batch_size=16, optimizer=optimizer, lr=0.02, patience=2)
    models = _models(_mlp, (0.0, 0.3, 0.6, 0.0))
    alone = _alone(models, train, validation, settings)
    together = _together(models, train, validation, settings)

    assert len({len(track.epochs) for track in alone}) > 1
    for one, other in zip(together, alone, strict=True):
        _assert_alike(one, other, 1e-10)


def test_a_member_whose_loss_is_infinite_leaves_and_the_others_go_on() -> None:
    train, validation = _part(50, (6,), 1), _part(30, (6,), 2)
    settings, models = TrainingSettings(epochs=4, batch_size=16), _models(_mlp)
    with torch.no_grad():
        next(models[1].parameters()).fill_(math.nan)

    tracks = _together(models, train, validation, settings)
    assert [len(track.epochs) for track in tracks] == [4, 1, 4]
    assert tracks[1].history.diverged


def test_both_networks_can_be_stacked() -> None:
    for make, shape in NETWORKS.values():
        assert why_not_stacked(_models(make), _part(4, shape, 0).x) is None


class _Branching(nn.Module):
    """Looks at a value, which vmap does not allow."""

    def __init__(self, p: float) -> None:
        super().__init__()
        self.linear, self.drop = nn.Linear(6, 2), Dropout(p)

    def forward(self, x: Tensor) -> Tensor:
        y: Tensor = self.drop(self.linear(x))
        return y if y.sum() > 0 else -y


class _OwnChance(nn.Module):
    """Draws noise that does not come from the mask stream."""

    def __init__(self, p: float) -> None:
        super().__init__()
        self.linear, self.drop = nn.Linear(6, 2), Dropout(p)

    def forward(self, x: Tensor) -> Tensor:
        y: Tensor = self.drop(self.linear(x)) + torch.randn(2, dtype=x.dtype)
        return y


def _wider(p: float) -> nn.Module:
    return networks.mlp(6, 16 if p else 8, 2, p=p)


@pytest.mark.parametrize(
    ("make", "reason"),
    [(_Branching, "torch.vmap"), (_OwnChance, "torch.vmap"), (_wider, "names or shapes")],
)
def test_what_cannot_be_stacked_is_told_why(
    make: Callable[[float], nn.Module], reason: str
) -> None:
    why = why_not_stacked(_models(make), _part(4, (6,), 0).x)

    assert why is not None
    assert reason in why


def test_a_rate_that_is_zero_in_some_layers_only_is_told_apart() -> None:
    """Alone, a layer with p = 0 draws no seed; in a stack every layer does."""

    def make(p: float) -> nn.Module:
        return nn.Sequential(nn.Linear(6, 8), Dropout(0.0), nn.Linear(8, 400), Dropout(p))

    why = why_not_stacked(_models(make, (0.5, 0.5)), _part(4, (6,), 0).x)
    assert why is not None


def test_models_give_their_weights_and_stay_as_they_are() -> None:
    models = _models(_mlp)
    before = copy.deepcopy(models)
    settings = replace(TrainingSettings(), epochs=1)
    _together(models, _part(50, (6,), 1), _part(30, (6,), 2), settings)

    for model, other in zip(models, before, strict=True):
        assert repr(model) == repr(other)
        assert all(map(torch.equal, model.state_dict().values(), other.state_dict().values()))
