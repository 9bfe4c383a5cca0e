"""Thinned chains against what they must equal: the plain chain with masks of whole units."""

import copy
from collections import OrderedDict

import pytest
import torch
from torch import nn

from torchdrop.errors import SettingError
from torchdrop.functional import kept_units
from torchdrop.kernels import keep_mask
from torchdrop.nn import ActivationDropout, Dropout, ThinnedSequential
from torchdrop.nn._thinning_pays import least_rows

from .chains import CHAINS, Chain, convolutions, mlp, pair, run, thin


@pytest.mark.parametrize("always", [True, False])
@pytest.mark.parametrize("p", [0.3, 0.5, 0.9])
@pytest.mark.parametrize("name", CHAINS)
def test_it_equals_the_plain_chain_with_the_same_masks(name: str, p: float, always: bool) -> None:
    """In float64: outputs, and the gradient of every parameter."""
    thinned, plain, x = pair(name, p, always=always)
    for seed in range(5):
        (y, gradients), (expected, others) = run(thinned, x, seed), run(plain, x, seed)

        assert torch.allclose(y, expected, rtol=0, atol=1e-12)
        assert gradients.keys() == others.keys()
        for key, value in gradients.items():
            assert torch.allclose(value, others[key], rtol=0, atol=1e-11), key
        thinned.zero_grad()
        plain.zero_grad()


@pytest.mark.parametrize("name", CHAINS)
def test_in_evaluation_and_at_p_0_it_is_the_plain_chain(name: str) -> None:
    thinned, plain, x = pair(name, 0.5)
    assert torch.equal(thinned.eval()(x), plain.eval()(x))

    thinned, plain, x = pair(name, 0.0)
    (y, gradients), (expected, others) = run(thinned, x), run(plain, x)
    assert torch.equal(y, expected)
    assert all(torch.equal(value, others[key]) for key, value in gradients.items())


def test_cut_weights_get_exactly_no_gradient() -> None:
    thinned, _, x = pair("mlp", 0.5)
    _, gradients = run(thinned, x)
    dropped = (gradients["0.weight"] == 0).all(dim=1)
    kept, later = ~dropped, (gradients["3.weight"] == 0).all(dim=1)

    assert dropped.any()
    assert kept.any()
    assert not gradients["0.bias"][dropped].any()
    assert not gradients["3.weight"][:, dropped].any()
    assert not gradients["6.weight"][:, later].any()
    assert gradients["3.weight"][~later][:, kept].all()


def test_only_kept_units_are_computed() -> None:
    seen: list[tuple[int, ...]] = []
    thinned = thin(mlp(0.5), count="exact")
    thinned[1].register_forward_hook(lambda _m, _i, y: seen.append(tuple(y.shape)))
    thinned(torch.randn(5, 6))

    assert seen == [(5, 8)]


@pytest.mark.parametrize("groups", [1, 2, 3, 5, 8])
def test_groups_of_rows_draw_their_own_units(groups: int) -> None:
    thinned, plain, x = pair("mlp", 0.5, groups=groups)
    torch.manual_seed(3)
    y = thinned(x)
    torch.manual_seed(3)
    expected = torch.cat([plain(rows) for rows in x.tensor_split(min(groups, len(x)))])

    assert torch.allclose(y, expected, rtol=0, atol=1e-12)


@pytest.mark.parametrize("count", ["binomial", "exact"])
@pytest.mark.parametrize("p", [0.5, 1.0])
def test_stepping_aside_changes_no_result(count: str, p: float) -> None:
    """In float64 outputs, all gradients and the statistics of batch norm agree."""
    layers = mlp(p)
    layers.insert(1, nn.BatchNorm1d(16))
    pair = [
        thin(copy.deepcopy(layers), count=count, always=always).double() for always in (True, False)
    ]
    shapes: list[list[tuple[int, ...]]] = [[], []]
    for model, seen in zip(pair, shapes, strict=True):
        model[2].register_forward_hook(lambda _m, _i, y, seen=seen: seen.append(tuple(y.shape)))
    x = torch.randn(5, 6, dtype=torch.float64)
    for seed in range(3):
        (y, gradients), (expected, others) = (run(model, x, seed) for model in pair)
        assert torch.allclose(y, expected, rtol=0, atol=1e-12)
        for key, value in gradients.items():
            assert torch.allclose(value, others[key], rtol=0, atol=1e-12), key
    for one, other in zip(pair[0].buffers(), pair[1].buffers(), strict=True):
        assert torch.allclose(one, other, rtol=0, atol=1e-12)
    assert shapes[1] == [(5, 16)] * 3
    assert shapes[0] != shapes[1]


def test_a_dropped_infinity_is_selected_away_but_where_the_chain_steps_aside() -> None:
    layers = [nn.Linear(1, 4), nn.Dropout(1.0), nn.Linear(4, 1)]
    x = torch.tensor([[float("inf")]])
    thinned, aside = (thin(layers, always=always) for always in (True, False))

    assert torch.equal(thinned(x), thinned[2].bias.view(1, 1))  # type: ignore[operator]
    assert aside(x).isnan().all()  # as with torch's own dropout layers: 0 times infinity
    assert nn.Sequential(*layers)(x).isnan().all()


def test_it_says_from_how_many_rows_on_it_thins() -> None:
    named = OrderedDict((str(i), layer) for i, layer in enumerate(mlp(0.5)))
    chain = ThinnedSequential(named)
    least = least_rows((6, 16, 12, 3), (0, 0.5, 0.5, 0))

    assert f"hold=1; thins 2, 5 from {least} rows" in repr(chain)
    assert chain.thins(least) == ("2", "5")
    assert chain.thins(least - 1) == ()
    chain.always = True
    assert chain.thins(1) == ("2", "5")
    assert "always=True" in repr(chain)


@pytest.mark.parametrize("count", ["binomial", "exact"])
def test_groups_that_step_aside_compute_the_same_at_once(count: str) -> None:
    seen: list[int] = []
    aside = thin(mlp(0.5), groups=3, count=count, always=False).double()
    thinned = thin(mlp(0.5), groups=3, count=count).double()
    thinned.load_state_dict(aside.state_dict())
    aside[1].register_forward_hook(lambda _m, _i, y: seen.append(len(y)))
    for rows in (2, 3, 7, 10):
        x = torch.randn(rows, 6, dtype=torch.float64)
        (y, gradients), (expected, others) = run(aside, x), run(thinned, x)

        assert torch.allclose(y, expected, rtol=0, atol=1e-12)
        for key, value in gradients.items():
            assert torch.allclose(value, others[key], rtol=0, atol=1e-12), key
        aside.zero_grad()
        thinned.zero_grad()
    assert seen == [2, 3, 7, 10]


def test_it_thins_from_just_the_rows_it_says() -> None:
    seen: list[int] = []
    layers = [nn.Linear(64, 512), nn.ReLU(), nn.Dropout(0.5), nn.Linear(512, 64)]
    chain = thin(layers, count="exact", always=False)
    chain[1].register_forward_hook(lambda _m, _i, y: seen.append(y.shape[-1]))
    least = least_rows((64, 512, 64), (0, 0.5, 0))
    with torch.no_grad():
        for shape in ((least - 1, 64), (least, 64), (2, -(-least // 2), 64)):
            chain(torch.randn(shape))

    assert seen == [512, 256, 256]


def test_wider_layers_and_higher_rates_pay_from_fewer_rows() -> None:
    by_width = [least_rows((n, n, n), (0, 0.5, 0)) for n in (16, 64, 256, 1024)]
    by_rate = [least_rows((512, 512, 512), (0, p, 0)) for p in (0.05, 0.2, 0.5, 0.9)]

    assert by_width == sorted(by_width, reverse=True)
    assert by_rate == sorted(by_rate, reverse=True)
    assert least_rows((10**4, 10**5, 10**4), (0, 1, 0)) == 2
    assert least_rows((512, 512, 512), (0, 0.5, 0), 4) > by_rate[2]
    assert least_rows((8, 8), (0, 0)) > 10**12


def test_chains_without_groups_of_plain_rows_keep_their_axes() -> None:
    """A convolution before linear layers gets its images, not rows of them."""
    layers = [nn.Conv2d(1, 2, 3), nn.Flatten(), nn.Linear(8, 16), Dropout(0.5), nn.Linear(16, 3)]

    assert thin(layers, groups=2)(torch.randn(5, 1, 4, 4)).shape == (5, 3)


def test_fused_layers_and_more_axes_are_thinned_too() -> None:
    layers: Chain = [nn.Linear(6, 16), ActivationDropout("gelu", 0.5), nn.Linear(16, 6)]
    plain = [nn.Linear(6, 16), nn.GELU(), Dropout(0.5, dims=(-1,)), nn.Linear(16, 6)]
    thinned, reference = thin(layers).double(), nn.Sequential(*plain).double()
    for one, other in ((0, 0), (2, 3)):
        thinned[one].load_state_dict(reference[other].state_dict())
    x = torch.randn(2, 7, 6, dtype=torch.float64)

    (y, _), (expected, _) = run(thinned, x), run(reference, x)
    assert torch.allclose(y, expected, rtol=0, atol=1e-12)


@pytest.mark.parametrize("p", [0.0, 0.3, 0.5, 1.0])
def test_a_binomial_count_keeps_what_the_stream_says(p: float) -> None:
    for seed in range(20):
        numbers, factor = kept_units(300, p, seed, torch.device("cpu"))
        expected = keep_mask(torch.tensor(seed), 300, p).nonzero().flatten()

        assert torch.equal(numbers, expected)
        assert factor == pytest.approx(1 / (1 - p) if p < 1 else 1.0, abs=1e-6)


def test_an_exact_count_is_exact_and_each_unit_is_kept_equally_often() -> None:
    n, runs = 40, 2000
    kept = torch.zeros(n)
    for seed in range(runs):
        numbers, factor = kept_units(n, 0.3, seed, torch.device("cpu"), count="exact")
        assert len(numbers) == 28
        assert factor == n / 28
        kept[numbers] += 1

    deviation = (runs * 0.7 * 0.3) ** 0.5
    assert (kept - runs * 0.7).abs().max() < 5 * deviation


def test_a_held_draw_serves_several_passes() -> None:
    thinned = thin(mlp(0.5), hold=2)
    x = torch.randn(5, 6)
    first, second, third = thinned(x), thinned(x), thinned(x)

    assert torch.equal(first, second)
    assert not torch.equal(first, third)


def test_at_p_1_nothing_is_left_but_the_last_bias() -> None:
    thinned = thin(mlp(1.0))
    y = thinned(torch.randn(5, 6))

    assert torch.equal(y, thinned[6].bias.expand(5, 3))  # type: ignore[operator]


def test_names_and_copies_stay_those_of_the_chain() -> None:
    thinned, plain, x = pair("mlp", 0.5)
    twin = copy.deepcopy(thinned)

    assert list(thinned.state_dict()) == list(plain.state_dict())
    assert torch.equal(run(twin, x)[0], run(thinned, x)[0])


def test_bad_settings_are_refused() -> None:
    for settings in ({"groups": 0}, {"hold": 0}, {"count": "some"}):
        with pytest.raises(SettingError):
            thin(mlp(0.5), **settings)
    with pytest.raises(SettingError, match="batch norm"):
        thin(convolutions(0.5), groups=2)


@pytest.mark.parametrize("always", [True, False])
def test_a_chain_follows_autocast(always: bool) -> None:
    chain, x = thin(mlp(0.5), always=always), torch.randn(5, 6)
    with torch.autocast("cpu", dtype=torch.bfloat16):
        y = chain(x)
    y.sum().backward()

    assert y.dtype == torch.bfloat16
    assert all(w.grad is not None and w.grad.dtype == w.dtype for w in chain.parameters())


def test_the_faster_library_gives_the_same_to_rounding() -> None:
    """Whichever it is here: single precision, sums of at most 784 products of some size."""
    layers = [nn.Linear(784, 512), nn.ReLU(), nn.Dropout(0.5), nn.Linear(512, 10)]
    plain, faster = thin(layers), thin(copy.deepcopy(layers), matmul="auto")
    x = torch.randn(256, 784)
    (y, gradients), (expected, others) = run(faster, x), run(plain, x)

    assert torch.allclose(y, expected, rtol=1e-4, atol=1e-4)
    for key, value in gradients.items():
        assert torch.allclose(value, others[key], rtol=1e-4, atol=1e-4), key
    with pytest.raises(SettingError, match="'torch' or 'auto'; got 'fast'"):
        thin(layers, matmul="fast")
