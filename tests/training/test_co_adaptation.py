"""Correlation and sparsity of hidden units against closed forms."""

import math

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from torchdrop.errors import ModelError, SettingError
from torchdrop.networks import mlp
from torchdrop.training import LayerStatistics, hidden_statistics
from torchdrop.training import _co_adaptation as co_adaptation

# Four rows; the columns of a Hadamard matrix, which are orthogonal and (but the first) centered.
ONE, TWO, THREE = (
    torch.tensor(column, dtype=torch.float64)
    for column in ([1, -1, 1, -1], [1, 1, -1, -1], [1, -1, -1, 1])
)
DEAD = torch.full((4,), -1.0, dtype=torch.float64)


def _of(*columns: Tensor) -> LayerStatistics:
    """Of units with these columns plus 2, so that ReLU lets all of ONE, TWO and THREE through."""
    model = nn.Sequential(nn.ReLU(), nn.Linear(len(columns), 1).double())
    (layer,) = hidden_statistics(model, torch.stack([2 + c for c in columns], dim=1)).layers
    return layer


@pytest.mark.parametrize("twin", [ONE, -ONE, 0.1 * ONE + 0.5])
def test_two_units_that_say_the_same_are_wholly_correlated(twin: Tensor) -> None:
    assert _of(ONE, twin).correlation == pytest.approx(1, abs=1e-12)


def test_orthogonal_units_are_not_correlated() -> None:
    assert _of(ONE, TWO, THREE).correlation == pytest.approx(0, abs=1e-12)


def test_the_mean_is_over_pairs_of_different_units() -> None:
    assert _of(ONE, ONE, TWO).correlation == pytest.approx(1 / 3, abs=1e-12)
    assert _of(ONE, ONE + TWO).correlation == pytest.approx(math.sqrt(0.5), abs=1e-12)


@pytest.mark.parametrize("dead", [DEAD - 1, DEAD - 3, 0 * DEAD + 0.1])
def test_units_that_never_change_are_counted_and_left_out(dead: Tensor) -> None:
    layer = _of(ONE, dead, ONE, TWO, dead)

    assert (layer.units, layer.dead) == (5, 2)
    assert layer.correlation == pytest.approx(1 / 3, abs=1e-12)


def test_a_single_living_unit_has_no_correlation() -> None:
    assert _of(ONE, DEAD).correlation is None


def test_sparsity_and_mean_are_those_of_all_activations() -> None:
    layer = _of(2 * ONE, DEAD - 1, torch.tensor([98.0, 0.0, -5.0, -1.99], dtype=torch.float64))

    assert layer.near_zero == (2 + 4 + 2) / 12  # 0.01 is nearly zero beside 100
    assert layer.mean == pytest.approx((8 + 0 + 102.01) / 12)


def test_a_silent_layer_is_all_zero() -> None:
    layer = _of(DEAD - 9, DEAD - 9)

    assert (layer.dead, layer.correlation, layer.near_zero, layer.mean) == (2, None, 1, 0)


def test_independent_units_have_the_correlation_of_noise() -> None:
    rows, units = 400, 60
    x = torch.randn(rows, units, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    model = nn.Sequential(nn.LeakyReLU(1.0), nn.Linear(units, 1).double())
    (layer,) = hidden_statistics(model, x).layers
    pairs = units * (units - 1) / 2
    error = math.sqrt((1 - 2 / math.pi) / rows / pairs)

    assert layer.correlation == pytest.approx(math.sqrt(2 / math.pi / rows), abs=5 * error)


@pytest.mark.parametrize("block", [1, 3, 1024])
def test_it_is_what_numpy_says(block: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(co_adaptation, "_BLOCK", block)
    torch.manual_seed(0)
    model, x = mlp(8, 12, 6, 3, p=0.5, activation="relu").double(), torch.randn(30, 8).double()
    found = hidden_statistics(model, x).layers

    for layer, depth in zip(found, (2, 5), strict=True):
        values = model[:depth].eval()(x).detach().numpy()
        alive = values[:, values.std(0) > 0]
        upper = np.abs(np.corrcoef(alive.T))[np.triu_indices(alive.shape[1], 1)]
        assert layer.correlation == pytest.approx(upper.mean(), abs=1e-12)
        assert layer.dead == values.shape[1] - alive.shape[1]
        assert layer.near_zero == (np.abs(values) <= 0.01 * np.sqrt((values**2).mean())).mean()


def test_nothing_is_dropped_and_every_mode_and_hook_is_left_as_it_was() -> None:
    model, x = mlp(8, 12, 6, 3, p=0.9), torch.randn(30, 8)
    model[2].eval()
    numbers, weights = torch.get_rng_state(), [w.clone() for w in model.parameters()]
    found = hidden_statistics(model, x)

    assert found == hidden_statistics(model.eval(), x)
    model.train()
    model[2].eval()
    hidden_statistics(model, x)
    assert [layer.training for layer in model] == [True, True, False, *[True] * 4]
    assert not any(layer._forward_hooks for layer in model)
    assert torch.equal(numbers, torch.get_rng_state())
    assert all(map(torch.equal, weights, model.parameters()))


def test_hooks_and_modes_are_restored_after_an_error() -> None:
    model = mlp(8, 12, 6, 3, p=0.9)
    with pytest.raises(RuntimeError, match="shapes"):
        hidden_statistics(model, torch.randn(5, 7))

    assert all(layer.training and not layer._forward_hooks for layer in model)


def test_fused_layers_and_in_place_ones_give_the_same() -> None:
    plain, fused = (mlp(8, 12, 6, 3, p=0.5, fuse=fuse) for fuse in (False, True))
    fused.load_state_dict(plain.state_dict())
    x = torch.randn(30, 8)
    expected = hidden_statistics(plain, x).layers
    plain[1], plain[2] = nn.LeakyReLU(inplace=True), nn.Hardtanh(-1e-9, 1e-9, inplace=True)

    assert [(s.correlation, s.mean) for s in hidden_statistics(fused, x).layers] == [
        (s.correlation, s.mean) for s in expected
    ]
    assert hidden_statistics(plain, x).layers[0] == expected[0]


def test_maps_count_as_units_and_a_shared_layer_once_a_run() -> None:
    relu = nn.ReLU()
    model = nn.Sequential(nn.Conv2d(1, 2, 1), relu, nn.Conv2d(2, 3, 3), relu, nn.Flatten())
    found = hidden_statistics(model, torch.randn(6, 1, 4, 4)).layers

    assert [(layer.layer, layer.units) for layer in found] == [("1", 32), ("1", 12)]


def test_what_the_model_returns_is_not_hidden() -> None:
    model = nn.Sequential(nn.Linear(4, 3), nn.ReLU(), nn.Linear(3, 1), nn.Sigmoid())

    assert [s.layer for s in hidden_statistics(model, torch.randn(5, 4)).layers] == ["1"]


def test_what_cannot_be_measured_is_refused() -> None:
    x = torch.randn(5, 4)
    with pytest.raises(SettingError, match=r"two rows.*got shape \(1, 4\)"):
        hidden_statistics(mlp(4, 3, 2, p=0), x[:1])
    with pytest.raises(ModelError, match="No hidden activation layer"):
        hidden_statistics(nn.Sequential(nn.Linear(4, 3), nn.ReLU()), x)
    with pytest.raises(ModelError, match="'1' gives NaN or infinity"):
        hidden_statistics(mlp(4, 3, 2, p=0), x / 0)
    folded = nn.Sequential(nn.Flatten(0), nn.ReLU(), nn.Unflatten(0, (5, 4)))
    with pytest.raises(ModelError, match=r"shape \(20,\) for 5 rows"):
        hidden_statistics(folded, x)
