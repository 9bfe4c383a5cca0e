"""What travels between the layers of a thinned pair: held, copied, mixed up, refused."""

from __future__ import annotations

import copy
import pickle
from collections.abc import Callable
from typing import Any

import pytest
import torch
from torch import Tensor, nn
from torch.nn import functional as F
from torch.utils.checkpoint import checkpoint

from torchdrop.errors import ModelError, SettingError
from torchdrop.nn import Dropout, thinned_pair

from .mlp_pairs import Mlp, assert_equal, make_pair, run, widths


@pytest.mark.parametrize("reentrant", [True, False])
@pytest.mark.parametrize("count", ["binomial", "exact"])
def test_recomputation_draws_the_same_units(count: str, reentrant: bool) -> None:
    thinned, _, x = make_pair(count=count)

    def again(x: Tensor) -> Tensor:
        y: Tensor = checkpoint(thinned, x, use_reentrant=reentrant)
        return y

    for seed in range(4):
        (y, gradients), (expected, others) = (run(m, x, thinned, seed) for m in (again, thinned))
        assert torch.allclose(y, expected, rtol=0, atol=1e-12)
        for key, value in gradients.items():
            assert torch.allclose(value, others[key], rtol=0, atol=1e-12), key


def test_a_held_draw_serves_several_passes_thinned_or_not() -> None:
    thinned, _, x = make_pair(hold=2)
    for _ in range(3):
        first = thinned(x)
        with torch.no_grad():
            second = thinned(x)
        third = thinned(x)
        thinned(x)

        assert torch.allclose(first, second, rtol=0, atol=1e-12)
        assert not torch.allclose(first, third)


@pytest.mark.parametrize("copied", [copy.deepcopy, lambda m: pickle.loads(pickle.dumps(m))])
def test_copies_are_linked_with_themselves(copied: Callable[[nn.Module], Any]) -> None:
    thinned, _, x = make_pair()
    twin = copied(thinned)
    pair: Any = twin.drop.pair

    assert (pair.first, pair.dropout, pair.second) == (twin.fc1, twin.drop, twin.fc2)
    assert twin.fc1.behind is twin.fc2.before is pair
    assert pair is not thinned.drop.pair
    assert list(twin.state_dict()) == ["fc1.weight", "fc1.bias", "fc2.weight", "fc2.bias"]
    assert torch.equal(run(twin, x, twin)[0], run(thinned, x, thinned)[0])
    thinned.drop.eval()
    seen = widths(twin.fc1)
    assert_equal(twin, _plain_like(twin), x)
    assert max(seen) < 16


def _plain_like(model: nn.Module) -> nn.Module:
    plain = Mlp(F.gelu, Dropout(0.5, dims=(-1,))).double()
    plain.load_state_dict(model.state_dict())
    return plain


def test_a_pass_that_broke_off_leaves_nothing_behind() -> None:
    thinned, plain, x = make_pair()
    act, thinned.act = thinned.act, lambda x: x.missing
    with pytest.raises(AttributeError):
        thinned(x)
    thinned.act = act
    assert_equal(thinned, plain, x)


@pytest.mark.parametrize("count", ["binomial", "exact"])
def test_calls_of_the_first_layer_before_the_second_are_not_mixed_up(count: str) -> None:
    """Each result goes on with the units that were drawn for it."""
    thinned, _, x = make_pair(count=count)
    torch.manual_seed(3)
    one, other = thinned(x), thinned(-x)
    torch.manual_seed(3)
    hidden = [F.gelu(thinned.fc1(value)) for value in (x, -x)]
    last, first = (thinned.fc2(thinned.drop(h)) for h in reversed(hidden))

    assert torch.equal(first, one)
    assert torch.equal(last, other)


def test_kept_units_of_another_origin_are_refused() -> None:
    thinned, _, x = make_pair(0.5, count="exact")
    hidden = F.gelu(thinned.fc1(x))
    for layer in (thinned.drop, thinned.fc2):
        with pytest.raises(ModelError, match="takes all 16 units"):
            layer(hidden.detach())
        with pytest.raises(ModelError, match="takes all 16 units"):
            layer(torch.randn(5, 8, dtype=torch.float64, requires_grad=True))
    with pytest.raises(ModelError, match="got 7 units"):
        thinned.drop(hidden[:, 1:])
    with pytest.raises(ModelError, match="second layer"):
        thinned.fc2(hidden)  # past the dropout layer
    with pytest.raises(ModelError, match="dropout layer"):
        thinned.drop(thinned.drop(hidden))
    thinned.drop.eval()
    with pytest.raises(ModelError, match="dropout layer"):
        thinned.drop(hidden)


def test_units_kept_by_another_pair_are_refused() -> None:
    thinned, _, x = make_pair(0.5, count="exact")
    other = copy.deepcopy(thinned)
    with pytest.raises(ModelError, match="dropout layer"):
        other.drop(thinned.fc1(x))
    with pytest.raises(ModelError, match="second layer"):
        other.fc2(thinned.drop(thinned.fc1(x)))


def test_transforms_of_functions_see_the_same_units() -> None:
    thinned, plain, x = make_pair()
    results = []
    for model in (thinned, plain):

        def loss(weights: dict[str, Tensor], model: nn.Module = model) -> Tensor:
            y: Tensor = torch.func.functional_call(model, weights, (x,))
            return y.pow(2).sum()

        torch.manual_seed(3)
        results.append(torch.func.grad(loss)(dict(model.named_parameters())))
    for key, value in results[0].items():
        assert torch.allclose(value, results[1][key], rtol=0, atol=1e-12), key


def test_a_dropout_layer_that_was_taken_out_is_missed() -> None:
    thinned, _, x = make_pair(count="exact")
    thinned.drop = nn.Identity()
    with pytest.raises(ModelError, match=r"second layer .* got 8 units"):
        thinned(x)


def test_bad_settings_and_layers_that_do_not_fit_are_refused() -> None:
    layers: Any = nn.Linear(4, 8), nn.Dropout(0.5), nn.Linear(8, 4)
    for settings in ({"hold": 0}, {"count": "some"}):
        with pytest.raises(SettingError):
            thinned_pair(*layers, **settings)
    with pytest.raises(ModelError, match="as many units"):
        thinned_pair(layers[0], layers[1], layers[0])
