import inspect
from typing import Any

import pytest
import torch
from torch import Tensor, nn

from torchdrop.errors import SettingError
from torchdrop.nn import MultiheadAttention

N, L, S, E, HEADS = 2, 5, 7, 8, 4
KEPT = 1e-12  # draws masks that are all ones

SETTINGS: list[dict[str, Any]] = [
    {},
    {"batch_first": True},
    {"bias": False, "add_bias_kv": True},
    {"add_zero_attn": True, "add_bias_kv": True},
    {"kdim": 3, "vdim": 6, "batch_first": True},
]


def _generator(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def _pair(dropout: float = KEPT, **settings: Any) -> tuple[MultiheadAttention, Any]:
    """Build ours and torch's with the same weights, all of them random."""
    ours = MultiheadAttention(E, HEADS, dropout, **settings).double()
    for weight in ours.parameters():
        nn.init.normal_(weight, generator=_generator())
    torchs = nn.MultiheadAttention(E, HEADS, dropout, **settings).double().eval()
    torchs.load_state_dict(ours.state_dict())
    return ours, torchs


def _inputs(layer: nn.MultiheadAttention, batched: bool = True) -> list[Tensor]:
    sizes = (L, E), (S, layer.kdim), (S, layer.vdim)
    rows = [torch.randn(N, *size, dtype=torch.float64, generator=_generator(5)) for size in sizes]
    if not batched:
        return [x[0] for x in rows]
    return rows if layer.batch_first else [x.transpose(0, 1) for x in rows]


def _masks(dtype: torch.dtype) -> dict[str, dict[str, Tensor]]:
    padding = torch.zeros(N, S, dtype=torch.bool)
    padding[1, 4:] = True
    forbidden = torch.ones(L, S, dtype=torch.bool).triu(1)
    heads = torch.rand(N * HEADS, L, S, generator=_generator(6)) < 0.4
    heads[:, :, 0] = False
    masks = {"padding": padding, "causal": forbidden, "heads": heads}
    if dtype != torch.bool:
        masks = {
            name: torch.randn(mask.shape, dtype=dtype, generator=_generator(8)).masked_fill(
                mask, -torch.inf
            )
            for name, mask in masks.items()
        }
    return {
        "none": {},
        "padding": {"key_padding_mask": masks["padding"]},
        "causal": {"attn_mask": masks["causal"]},
        "heads": {"attn_mask": masks["heads"]},
        "both": {"attn_mask": masks["causal"], "key_padding_mask": masks["padding"]},
    }


def _close(first: Any, second: Any) -> None:
    torch.testing.assert_close(first, second, rtol=1e-12, atol=1e-12)


def test_it_is_torchs_layer_to_code_that_looks_for_it() -> None:
    ours, torchs = (inspect.signature(kind) for kind in (MultiheadAttention, nn.MultiheadAttention))
    calls = (
        inspect.signature(kind.forward) for kind in (MultiheadAttention, nn.MultiheadAttention)
    )

    assert isinstance(MultiheadAttention(4, 2), nn.MultiheadAttention)
    assert list(ours.parameters) == list(torchs.parameters)
    assert len({tuple(call.parameters) for call in calls}) == 1


@pytest.mark.parametrize("settings", SETTINGS)
@pytest.mark.parametrize(("p", "training"), [(0.0, True), (0.5, False)])
def test_without_dropping_the_bits_are_torchs(
    settings: dict[str, Any], p: float, training: bool
) -> None:
    ours, torchs = _pair(p, **settings)
    for weights in (True, False):
        y, expected = (
            layer(*_inputs(ours), need_weights=weights) for layer in (ours.train(training), torchs)
        )
        torch.testing.assert_close(y, expected, rtol=0, atol=0)


def test_evaluation_takes_torchs_fast_path() -> None:
    ours, torchs = _pair(0.5, batch_first=True)
    x = _inputs(ours)[0]
    with torch.no_grad(), torch.profiler.profile() as profile:
        y = ours.eval()(x, x, x)[0]

    assert any("native_multi_head" in event.name for event in profile.events())
    with torch.no_grad():
        assert torch.equal(y, torchs(x, x, x)[0])


@pytest.mark.parametrize("dtype", [torch.bool, torch.float64])
@pytest.mark.parametrize("masks", ["none", "padding", "causal", "heads", "both"])
@pytest.mark.parametrize("settings", SETTINGS)
def test_the_formula_for_dropping_is_torchs_where_all_is_kept(
    settings: dict[str, Any], masks: str, dtype: torch.dtype
) -> None:
    ours, torchs = _pair(**settings)
    given = _masks(dtype)[masks]
    for options in ({}, {"need_weights": False}, {"average_attn_weights": False}):
        _close(ours(*_inputs(ours), **given, **options), torchs(*_inputs(ours), **given, **options))


@pytest.mark.parametrize("settings", SETTINGS)
def test_one_sequence_needs_no_batch(settings: dict[str, Any]) -> None:
    ours, torchs = _pair(**settings)
    padding = torch.arange(S) > 4
    for options in ({}, {"average_attn_weights": False}, {"key_padding_mask": padding}):
        _close(ours(*_inputs(ours, False), **options), torchs(*_inputs(ours, False), **options))


def _seeded(layer: nn.Module, *arguments: Any, **options: Any) -> Any:
    with torch.random.fork_rng():
        torch.manual_seed(0)
        return layer(*arguments, **options)


def test_what_is_dropped_are_the_weights_that_it_returns() -> None:
    ours, torchs = _pair(0.4, batch_first=True)
    inputs = _inputs(ours)
    _, shown = _seeded(ours, *inputs, average_attn_weights=False)
    _, whole = torchs(*inputs, average_attn_weights=False)
    kept = shown != 0

    assert 0.3 < 1 - kept.double().mean() < 0.5
    _close(shown, whole.where(kept, 0.0) / (1 - round(0.4 * 2**32) / 2**32))


@pytest.mark.parametrize("need_weights", [True, False])
def test_the_output_is_made_of_the_dropped_weights(need_weights: bool) -> None:
    ours, _ = _pair(0.4, batch_first=True)
    inputs = _inputs(ours)
    _, shown = _seeded(ours, *inputs, average_attn_weights=False)
    v = nn.functional.linear(inputs[2], ours.in_proj_weight[2 * E :], ours.in_proj_bias[2 * E :])
    heads = [shown[:, h] @ part for h, part in enumerate(v.chunk(HEADS, -1))]

    y, _ = _seeded(ours, *inputs, need_weights=need_weights)
    _close(y, ours.out_proj(torch.cat(heads, -1)))


def test_causality_is_a_hint_beside_a_mask() -> None:
    ours, _ = _pair(0.4)
    mask = torch.ones(L, S, dtype=torch.bool).triu(1)
    inputs = _inputs(ours)
    first, second = (
        _seeded(ours, *inputs, attn_mask=mask, is_causal=hint) for hint in (True, False)
    )

    torch.testing.assert_close(first, second, rtol=0, atol=0)
    with pytest.raises(SettingError, match="got no attn_mask"):
        ours(*inputs, is_causal=True)


@pytest.mark.parametrize("need_weights", [True, False])
def test_a_query_without_keys_attends_to_nothing(need_weights: bool) -> None:
    ours, _ = _pair(0.4)
    mask = torch.ones(N, S, dtype=torch.bool)
    y, _ = ours(*_inputs(ours), key_padding_mask=mask, need_weights=need_weights)
    gradients = torch.autograd.grad(y.sum(), ours.in_proj_weight)

    _close(y, ours.out_proj.bias.expand(L, N, E))
    assert gradients[0].isfinite().all()


def test_the_rate_is_read_at_every_call() -> None:
    ours, torchs = _pair(0.4)
    ours.dropout = 0.0
    torch.testing.assert_close(ours(*_inputs(ours)), torchs(*_inputs(ours)), rtol=0, atol=0)
    ours.dropout = 1.0

    _close(ours(*_inputs(ours))[0], ours.out_proj.bias.expand(L, N, E))


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (
            {"attn_mask": torch.zeros(1, S)},
            r"attn_mask has shape \(5, 7\) or \(8, 5, 7\).*\(1, 7\)",
        ),
        ({"key_padding_mask": torch.zeros(S)}, r"key_padding_mask has shape \(2, 7\).*\(7,\)"),
        ({"key": torch.zeros(1, S, E)}, r"key has shape \(2, 7, 8\).*got \(1, 7, 8\)"),
        ({"value": torch.zeros(N, 9, E)}, r"value has shape \(2, 7, 8\).*got \(2, 9, 8\)"),
        ({"query": torch.zeros(L, E)}, r"three axes each.*got shapes \(5, 8\), \(2, 7, 8\)"),
    ],
)
def test_shapes_that_do_not_fit_are_refused_in_training(
    change: dict[str, Tensor], message: str
) -> None:
    ours, _ = _pair(0.4, batch_first=True)
    arguments = dict(zip(("query", "key", "value"), _inputs(ours), strict=True))
    with pytest.raises(SettingError, match=message):
        ours(**(arguments | {name: tensor.double() for name, tensor in change.items()}))


def test_nested_tensors_are_refused_in_training_as_by_torch() -> None:
    layer = MultiheadAttention(E, HEADS, 0.1, batch_first=True)
    with pytest.warns(UserWarning, match="prototype"):
        x = torch.nested.nested_tensor([torch.ones(3, E), torch.ones(2, E)])
    with pytest.raises(AssertionError, match="does not support NestedTensor"):
        layer(x, x, x)
