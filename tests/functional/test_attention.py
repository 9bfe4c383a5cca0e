import itertools
from typing import Any

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor
from torch.utils.checkpoint import checkpoint

from torchdrop.errors import SettingError
from torchdrop.functional import attention, dropout

pytestmark = pytest.mark.usefixtures("each_kernel")

N, H, L, S, E = 2, 4, 5, 7, 8


def _generator(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def _inputs(heads: int = H, dtype: torch.dtype = torch.float64) -> list[Tensor]:
    shapes = (N, H, L, E), (N, heads, S, E), (N, heads, S, E + 1)
    generator = _generator(9)
    return [torch.randn(shape, dtype=dtype, generator=generator) for shape in shapes]


def _masks() -> dict[str, Tensor]:
    allowed = torch.rand(N, 1, L, S, generator=_generator(3)) < 0.6
    allowed[:, :, 2] = False  # nothing to attend to
    bias = torch.randn(L, S, dtype=torch.float64, generator=_generator(4))
    return {"bool": allowed, "float": bias, "infinite": bias.where(allowed, -torch.inf)}


SETTINGS: dict[str, dict[str, Any]] = {
    "plain": {},
    "scaled": {"scale": 0.2},
    "causal": {"is_causal": True},
    **{name: {"attn_mask": mask} for name, mask in _masks().items()},
}


@pytest.fixture(params=SETTINGS)
def settings(request: pytest.FixtureRequest) -> dict[str, Any]:
    return SETTINGS[request.param]


@pytest.mark.parametrize(("p", "training"), [(0.0, True), (0.3, False)])
def test_without_dropping_it_is_torchs_function(
    settings: dict[str, Any], p: float, training: bool
) -> None:
    q, k, v = _inputs()
    expected = F.scaled_dot_product_attention(q, k, v, **settings)

    assert torch.equal(attention(q, k, v, p, training=training, **settings), expected)


def test_the_formula_for_dropping_is_torchs_where_all_is_kept(settings: dict[str, Any]) -> None:
    q, k, v = _inputs()
    expected = F.scaled_dot_product_attention(q, k, v, **settings)
    y = attention(q, k, v, 1e-12, training=True, **settings)

    torch.testing.assert_close(y, expected, rtol=1e-12, atol=1e-12)


def _reference(q: Tensor, k: Tensor, v: Tensor, p: float, settings: dict[str, Any]) -> Tensor:
    """One query at a time, with the exponentials written out."""
    mask = settings.get("attn_mask", torch.zeros(L, S, dtype=q.dtype))
    if settings.get("is_causal"):
        mask = torch.ones(L, S).tril().bool()
    if mask.dtype == torch.bool:
        mask = torch.zeros(mask.shape, dtype=q.dtype).masked_fill(~mask, -torch.inf)
    mask = mask.expand(N, H, L, S)
    shares = torch.zeros(N, H, L, S, dtype=q.dtype)
    for n, h, i in itertools.product(range(N), range(H), range(L)):
        scores = [(q[n, h, i] * k[n, h, j]).sum() for j in range(S)]
        powers = (torch.stack(scores) * settings.get("scale", E**-0.5) + mask[n, h, i]).exp()
        shares[n, h, i] = powers / powers.sum() if powers.sum() > 0 else 0.0
    return dropout(shares, p, training=True, generator=_generator()) @ v


def test_dropping_is_dropout_of_the_probabilities(settings: dict[str, Any]) -> None:
    q, k, v = _inputs()
    y = attention(q, k, v, 0.3, training=True, generator=_generator(), **settings)

    torch.testing.assert_close(y, _reference(q, k, v, 0.3, settings), rtol=1e-10, atol=1e-12)


def test_a_query_without_keys_gives_zero_and_finite_gradients() -> None:
    q, k, v = (x.requires_grad_() for x in _inputs())
    y = attention(q, k, v, 0.3, training=True, attn_mask=_masks()["bool"])
    gradients = torch.autograd.grad(y.sum(), (q, k, v))

    assert (y[:, :, 2] == 0).all()
    assert all(gradient.isfinite().all() for gradient in gradients)
    assert (gradients[0][:, :, 2] == 0).all()


@pytest.mark.parametrize("training", [True, False])
def test_keys_may_have_fewer_heads(training: bool) -> None:
    q, k, v = _inputs(heads=2)
    keys, values = (x.repeat_interleave(2, 1) for x in (k, v))
    expected = attention(q, keys, values, 0.3, training=training, generator=_generator())
    y = attention(q, k, v, 0.3, training=training, enable_gqa=True, generator=_generator())

    torch.testing.assert_close(y, expected)


def test_gradients_are_those_of_finite_differences() -> None:
    inputs = tuple(x[:1, :2].requires_grad_() for x in _inputs())

    def function(q: Tensor, k: Tensor, v: Tensor) -> Tensor:
        return attention(q, k, v, 0.4, training=True, is_causal=True, generator=_generator())

    assert torch.autograd.gradcheck(function, inputs)


def test_recomputation_draws_the_same_mask() -> None:
    q, k, v = (x.requires_grad_() for x in _inputs())

    def gradient(call: Any) -> Tensor:
        with torch.random.fork_rng():
            torch.manual_seed(0)
            y = call(lambda q: attention(q, k, v, 0.4, training=True), q)
            (result,) = torch.autograd.grad((y**2).sum(), q)
        return result

    first = gradient(lambda function, x: function(x))
    again = gradient(lambda function, x: checkpoint(function, x, use_reentrant=False))

    assert torch.equal(first, again)


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16])
def test_16_bit_probabilities_are_computed_in_32(dtype: torch.dtype) -> None:
    q, k, v = (x.to(dtype) for x in _inputs())
    y = attention(q, k, v, 0.3, training=True, generator=_generator())
    q, k, v = (x.float() for x in (q, k, v))
    expected = attention(q, k, v, 0.3, training=True, generator=_generator()).to(dtype)

    assert torch.equal(y, expected)


def test_p_one_gives_zeros() -> None:
    q, k, v = _inputs()

    assert (attention(q, k, v, 1.0, training=True) == 0).all()


@pytest.mark.parametrize("training", [True, False])
def test_a_mask_along_with_causality_is_refused(training: bool) -> None:
    q, k, v = _inputs()
    mask = torch.ones(L, S, dtype=torch.bool)
    with pytest.raises(SettingError, match="exclude each other"):
        attention(q, k, v, 0.3, training=training, attn_mask=mask, is_causal=True)


def test_a_rate_out_of_range_is_refused_in_evaluation_too() -> None:
    q, k, v = _inputs()
    with pytest.raises(SettingError, match=r"got p=1\.5"):
        attention(q, k, v, 1.5, training=False)
