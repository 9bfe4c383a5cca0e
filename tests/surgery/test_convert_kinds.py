"""Which kinds of dropout are converted, and into what."""

import warnings
from typing import Any

import pytest
import torch
from torch import nn
from torch.nn.modules.dropout import _DropoutNd

from torchdrop import nn as ours
from torchdrop.errors import SettingError
from torchdrop.surgery import convert, convert_

from .seeded import Noisy, seeded


class _OtherKind(_DropoutNd):
    pass


class _OwnAttention(nn.MultiheadAttention):
    pass


@pytest.mark.parametrize(
    ("layer", "why"),
    [
        (Noisy(), "a subclass of torch's layer, which may do something else"),
        (_OtherKind(), "a subclass of torch's layer"),
        (_OwnAttention(4, 2, dropout=0.1), "a subclass of torch's layer"),
        (nn.LSTM(2, 2, 2, dropout=0.5), "its dropout=0.5 is a number inside torch's kernel"),
    ],
)
def test_other_dropout_is_left_alone_with_the_reason(layer: nn.Module, why: str) -> None:
    kind = type(layer)
    changes = convert_(nn.Sequential(layer))

    assert type(layer) is kind
    assert len(changes) == 0
    assert [(change.site, change.before) for change in changes.left] == [
        ("0", changes.left[0].after)
    ]
    assert why in changes.left[0].why


def test_a_layer_whose_forward_was_replaced_is_left_alone() -> None:
    layer = nn.Dropout()
    layer.forward = lambda input: input  # type: ignore[method-assign]

    assert "replaced by hand" in convert_(nn.Sequential(layer)).left[0].why


def test_a_layer_whose_rate_is_none_is_left_alone() -> None:
    layer = nn.Dropout()
    layer.p = True

    assert "its p=True is no probability" in convert_(nn.Sequential(layer)).left[0].why


KINDS: list[tuple[Any, Any, tuple[int, ...]]] = [
    (nn.Dropout, ours.Dropout, (20, 30)),
    (nn.Dropout1d, ours.Dropout1d, (20, 30, 2)),
    (nn.Dropout2d, ours.Dropout2d, (20, 30, 2, 2)),
    (nn.Dropout3d, ours.Dropout3d, (20, 30, 2, 2, 2)),
    (nn.AlphaDropout, ours.AlphaDropout, (20, 30)),
    (nn.FeatureAlphaDropout, ours.FeatureAlphaDropout, (20, 30, 2)),
]


@pytest.mark.parametrize(("torchs", "kind", "shape"), KINDS)
def test_every_kind_of_torchs_has_a_counterpart(
    torchs: Any, kind: Any, shape: tuple[int, ...]
) -> None:
    layer, x = torchs(0.3), torch.randn(shape)
    converted = convert(layer)

    assert type(converted) is kind
    assert torch.equal(seeded(converted, x), seeded(kind(0.3), x))
    assert torch.equal(converted.eval()(x), layer.eval()(x))


@pytest.mark.parametrize(("torchs", "kind", "shape"), KINDS)
def test_what_wrote_into_its_input_still_does_and_nothing_else(
    torchs: Any, kind: Any, shape: tuple[int, ...]
) -> None:
    layer, x = torchs(0.3, inplace=True), torch.ones(shape)
    converted, y = convert(layer), torch.ones(shape)
    layer(x)
    converted(y)

    assert (x == 1).all() == (y == 1).all()


def test_no_kind_of_torchs_is_forgotten() -> None:
    kinds = {kind for kind in vars(nn).values() if isinstance(kind, type)}
    dropouts = {kind for kind in kinds if issubclass(kind, _DropoutNd)}

    assert dropouts == {torchs for torchs, *_ in KINDS}


def test_channels_without_a_batch_are_refused_not_guessed() -> None:
    with pytest.raises(SettingError, match="batched=False"):
        convert(nn.Dropout1d())(torch.ones(3, 4))


@pytest.mark.parametrize("p", [0.0, 0.1])
@pytest.mark.parametrize("settings", [{}, {"kdim": 3, "vdim": 5, "add_bias_kv": True}])
def test_attention_is_converted_with_its_weights(p: float, settings: dict[str, Any]) -> None:
    layer = nn.MultiheadAttention(8, 2, dropout=p, **settings)
    weights = dict(layer.named_parameters())
    inputs = torch.randn(4, 3, 8), torch.randn(5, 3, layer.kdim), torch.randn(5, 3, layer.vdim)
    expected = layer.eval()(*inputs)
    changes = convert_(layer)

    assert type(layer) is ours.MultiheadAttention
    assert len(changes) == 1
    assert all(weight is weights[name] for name, weight in layer.named_parameters())
    torch.testing.assert_close(layer(*inputs), expected, rtol=0, atol=0)


def test_attention_with_an_odd_rate_is_left_alone() -> None:
    changes = convert_(nn.MultiheadAttention(4, 2, dropout=1.5))

    assert "its dropout=1.5 is no probability" in changes.left[0].why


@pytest.mark.parametrize("gradients", [True, False])
@pytest.mark.parametrize("masked", [True, False])
def test_a_transformer_is_converted_and_evaluates_to_the_same_bits(
    gradients: bool, masked: bool
) -> None:
    model = nn.TransformerEncoderLayer(8, 2, 16, dropout=0.1, batch_first=True)
    x, padding = torch.randn(2, 3, 8), torch.tensor([[False] * 3, [False, False, True]])
    converted = convert(model)
    with torch.set_grad_enabled(gradients):
        before, after = (
            layer.eval()(x, src_key_padding_mask=padding if masked else None)
            for layer in (model, converted)
        )

    assert type(converted.self_attn) is ours.MultiheadAttention
    assert torch.equal(before, after)


def test_every_dropout_of_a_transformer_is_torchdrops() -> None:
    model = nn.Transformer(8, 2, 1, 1, 16, dropout=0.3, batch_first=True)
    x = torch.randn(2, 3, 8)
    changes = convert_(model)

    assert len(changes) == 3 + 1 + 4 + 2
    assert not changes.left
    assert torch.equal(seeded(lambda x: model(x, x), x), seeded(lambda x: model(x, x), x))
    assert not torch.equal(seeded(lambda x: model(x, x), x), seeded(lambda x: model(x, x), x, 1))


def test_an_encoder_that_nests_its_sequences_evaluates_to_the_same_bits() -> None:
    layer = nn.TransformerEncoderLayer(8, 2, 16, dropout=0.1, batch_first=True)
    model = nn.TransformerEncoder(layer, 2).eval()
    converted = convert(model)
    x, padding = torch.randn(2, 3, 8), torch.tensor([[False] * 3, [False, False, True]])
    with torch.no_grad(), warnings.catch_warnings():
        warnings.filterwarnings("ignore", message=".*prototype")  # once in a process
        before, after = (encoder(x, src_key_padding_mask=padding) for encoder in (model, converted))

    assert torch.equal(before, after)
