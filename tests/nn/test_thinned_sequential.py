"""Thinned chains against what they must equal: the plain chain with masks of whole units."""

import copy
from collections import OrderedDict
from collections.abc import Callable

import pytest
import torch
from torch import Tensor, nn

from torchdrop.errors import SettingError
from torchdrop.functional import kept_units
from torchdrop.nn import ActivationDropout, Dropout, ThinnedSequential

Chain = list[nn.Module]


def _mlp(p: float, dims: tuple[int, ...] | None = None) -> Chain:
    return [
        *(nn.Linear(6, 16), nn.LeakyReLU(), Dropout(p, dims=dims)),
        *(nn.Linear(16, 12), nn.GELU(), Dropout(p, dims=dims), nn.Linear(12, 3)),
    ]


def _convolutions(p: float, dims: tuple[int, ...] | None = None) -> Chain:
    dropout = nn.Dropout2d(p) if dims is None else Dropout(p, dims=dims)
    second = nn.Dropout2d(p) if dims is None else Dropout(p, dims=dims)
    return [
        *(nn.Conv2d(2, 8, 3, padding=1), nn.BatchNorm2d(8), nn.ReLU(), dropout),
        *(nn.Conv2d(8, 6, 3, stride=2), nn.ReLU(), second, nn.Conv2d(6, 4, 1)),
    ]


CHAINS: dict[str, tuple[Callable[..., Chain], tuple[int, ...], tuple[int, ...]]] = {
    "mlp": (_mlp, (5, 6), (-1,)),
    "convolutions": (_convolutions, (5, 2, 7, 7), (1,)),
}


def _pair(
    name: str, p: float, **settings: object
) -> tuple[ThinnedSequential, nn.Sequential, Tensor]:
    """A thinned chain, and the plain one with the same weights and masks of whole units."""
    make, shape, dims = CHAINS[name]
    plain = nn.Sequential(*make(p, dims)).double()
    thinned = _thin(make(p), **settings).double()
    thinned.load_state_dict(plain.state_dict())
    return thinned, plain, torch.randn(shape, dtype=torch.float64)


def _thin(layers: Chain, **settings: object) -> ThinnedSequential:
    named = OrderedDict((str(i), layer) for i, layer in enumerate(layers))
    return ThinnedSequential(named, **settings)  # type: ignore[arg-type]


def _run(model: nn.Module, x: Tensor, seed: int = 3) -> tuple[Tensor, dict[str, Tensor]]:
    torch.manual_seed(seed)
    x = x.clone().requires_grad_()
    y = model(x)
    (y * torch.linspace(-1, 1, y.numel(), dtype=y.dtype).view_as(y)).sum().backward()
    gradients = {name: w.grad for name, w in model.named_parameters() if w.grad is not None}
    return y.detach(), {**gradients, "x": x.grad}  # type: ignore[dict-item]


@pytest.mark.parametrize("p", [0.3, 0.5, 0.9])
@pytest.mark.parametrize("name", CHAINS)
def test_it_equals_the_plain_chain_with_the_same_masks(name: str, p: float) -> None:
    """In float64: outputs, the gradient of every parameter, and batch norm's statistics."""
    thinned, plain, x = _pair(name, p)
    for seed in range(5):
        (y, gradients), (expected, others) = _run(thinned, x, seed), _run(plain, x, seed)

        assert torch.allclose(y, expected, rtol=0, atol=1e-12)
        assert gradients.keys() == others.keys()
        for key, value in gradients.items():
            assert torch.allclose(value, others[key], rtol=0, atol=1e-11), key
        thinned.zero_grad()
        plain.zero_grad()


@pytest.mark.parametrize("name", CHAINS)
def test_in_evaluation_and_at_p_0_it_is_the_plain_chain(name: str) -> None:
    thinned, plain, x = _pair(name, 0.5)
    assert torch.equal(thinned.eval()(x), plain.eval()(x))

    thinned, plain, x = _pair(name, 0.0)
    (y, gradients), (expected, others) = _run(thinned, x), _run(plain, x)
    assert torch.equal(y, expected)
    assert all(torch.equal(value, others[key]) for key, value in gradients.items())


def test_cut_weights_get_exactly_no_gradient() -> None:
    thinned, _, x = _pair("mlp", 0.5)
    _, gradients = _run(thinned, x)
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
    thinned = _thin(_mlp(0.5), count="exact")
    thinned[1].register_forward_hook(lambda _m, _i, y: seen.append(tuple(y.shape)))
    thinned(torch.randn(5, 6))

    assert seen == [(5, 8)]


@pytest.mark.parametrize("groups", [1, 2, 3, 5, 8])
def test_groups_of_rows_draw_their_own_units(groups: int) -> None:
    thinned, plain, x = _pair("mlp", 0.5, groups=groups)
    torch.manual_seed(3)
    y = thinned(x)
    torch.manual_seed(3)
    expected = torch.cat([plain(rows) for rows in x.tensor_split(min(groups, len(x)))])

    assert torch.allclose(y, expected, rtol=0, atol=1e-12)


def test_fused_layers_and_more_axes_are_thinned_too() -> None:
    layers: Chain = [nn.Linear(6, 16), ActivationDropout("gelu", 0.5), nn.Linear(16, 6)]
    plain = [nn.Linear(6, 16), nn.GELU(), Dropout(0.5, dims=(-1,)), nn.Linear(16, 6)]
    thinned, reference = _thin(layers).double(), nn.Sequential(*plain).double()
    for one, other in ((0, 0), (2, 3)):
        thinned[one].load_state_dict(reference[other].state_dict())
    x = torch.randn(2, 7, 6, dtype=torch.float64)

    (y, _), (expected, _) = _run(thinned, x), _run(reference, x)
    assert torch.allclose(y, expected, rtol=0, atol=1e-12)


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
    thinned = _thin(_mlp(0.5), hold=2)
    x = torch.randn(5, 6)
    first, second, third = thinned(x), thinned(x), thinned(x)

    assert torch.equal(first, second)
    assert not torch.equal(first, third)


def test_gradients_are_those_of_finite_differences_twice() -> None:
    thinned, _, x = _pair("mlp", 0.5, hold=10**6)
    weights = tuple(thinned.parameters())
    thinned(x)

    def run(x: Tensor, *_: Tensor) -> Tensor:
        y: Tensor = thinned(x)
        return y

    assert torch.autograd.gradcheck(run, (x.requires_grad_(), *weights))
    assert torch.autograd.gradgradcheck(run, (x[:1].detach().requires_grad_(), *weights))


def test_at_p_1_nothing_is_left_but_the_last_bias() -> None:
    thinned = _thin(_mlp(1.0))
    y = thinned(torch.randn(5, 6))

    assert torch.equal(y, thinned[6].bias.expand(5, 3))  # type: ignore[operator]


def test_names_and_copies_stay_those_of_the_chain() -> None:
    thinned, plain, x = _pair("mlp", 0.5)
    twin = copy.deepcopy(thinned)

    assert list(thinned.state_dict()) == list(plain.state_dict())
    assert torch.equal(_run(twin, x)[0], _run(thinned, x)[0])


def test_bad_settings_are_refused() -> None:
    for settings in ({"groups": 0}, {"hold": 0}, {"count": "some"}):
        with pytest.raises(SettingError):
            _thin(_mlp(0.5), **settings)
    with pytest.raises(SettingError, match="batch norm"):
        _thin(_convolutions(0.5), groups=2)
