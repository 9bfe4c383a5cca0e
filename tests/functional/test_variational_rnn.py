from collections.abc import Callable
from typing import Any

import pytest
import torch
from torch import Tensor, nn

from torchdrop.functional import variational_gru, variational_lstm
from torchdrop.kernels import draw_mask, keep_probability, seed_for

pytestmark = pytest.mark.usefixtures("each_kernel")

T, B, F, H = 6, 3, 5, 4
KEPT = 1e-12  # draws masks that are all ones


def _generator(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def _x() -> Tensor:
    return torch.randn(T, B, F, dtype=torch.float64, generator=_generator(1))


def _lstm(**settings: Any) -> tuple[nn.LSTM, tuple[Tensor, Tensor]]:
    layer = nn.LSTM(F, H, dtype=torch.float64, **settings)
    networks = len(layer.all_weights)
    outputs = layer.proj_size or H
    h = torch.randn(networks, B, outputs, dtype=torch.float64, generator=_generator(2))
    return layer, (h, torch.randn(networks, B, H, dtype=torch.float64, generator=_generator(3)))


def _gru(**settings: Any) -> tuple[nn.GRU, Tensor]:
    layer = nn.GRU(F, H, dtype=torch.float64, **settings)
    h = torch.randn(len(layer.all_weights), B, H, dtype=torch.float64, generator=_generator(2))
    return layer, h


SETTINGS: list[dict[str, Any]] = [
    {},
    {"bias": False},
    {"num_layers": 3},
    {"num_layers": 2, "bidirectional": True},
]
PROJECTED: list[dict[str, Any]] = [
    {"proj_size": 2},
    {"proj_size": 2, "num_layers": 2, "bidirectional": True, "bias": False},
]


def _close(actual: Any, expected: Any) -> None:
    torch.testing.assert_close(actual, expected, rtol=0, atol=1e-12)


@pytest.mark.parametrize("rates", [(0.0, 0.0), (KEPT, KEPT)])
@pytest.mark.parametrize("settings", SETTINGS + PROJECTED)
def test_an_lstm_that_drops_nothing_is_torchs(
    settings: dict[str, Any], rates: tuple[float, float]
) -> None:
    layer, state = _lstm(**settings)
    expected = layer(_x(), state)
    both = layer.bidirectional
    y = variational_lstm(_x(), state, layer.all_weights, *rates, training=True, bidirectional=both)

    _close(y, expected)


@pytest.mark.parametrize("rates", [(0.0, 0.0), (KEPT, KEPT)])
@pytest.mark.parametrize("settings", SETTINGS)
def test_a_gru_that_drops_nothing_is_torchs(
    settings: dict[str, Any], rates: tuple[float, float]
) -> None:
    layer, h = _gru(**settings)
    y, final = layer(_x(), h)
    both = layer.bidirectional
    actual = variational_gru(
        _x(), (h,), layer.all_weights, *rates, training=True, bidirectional=both
    )

    _close(actual, (y, (final,)))


def _masks(generator: torch.Generator, p: float, p_recurrent: float) -> list[Tensor]:
    """Draw the factors of inputs and state, in the order of the function."""
    factors = []
    for shape, rate in (((1, B, F), p), ((B, H), p_recurrent)):
        keep = draw_mask(shape, seed_for(_x(), generator), rate, _x())
        factors.append(keep.double() / keep_probability(rate))
    return factors


def test_an_lstm_is_torchs_cell_with_the_same_masks_at_every_step() -> None:
    layer, (h, c) = _lstm()
    y, _ = variational_lstm(
        _x(), (h, c), layer.all_weights, 0.3, 0.6, training=True, generator=_generator()
    )
    z_x, z_h = _masks(_generator(), 0.3, 0.6)
    step = h[0], c[0]
    expected = []
    for x in _x() * z_x:
        # The cell reads the old h in the product alone, where it is dropped.
        step = torch.lstm_cell(x, (step[0] * z_h, step[1]), *layer.all_weights[0])
        expected.append(step[0])

    _close(y, torch.stack(expected))


def test_a_gru_drops_its_state_in_the_product_but_carries_it_on_whole() -> None:
    layer, h = _gru()
    y, _ = variational_gru(
        _x(), (h,), layer.all_weights, 0.3, 0.6, training=True, generator=_generator()
    )
    z_x, z_h = _masks(_generator(), 0.3, 0.6)
    w_ih, w_hh, b_ih, b_hh = layer.all_weights[0]
    old, expected = h[0], []
    for x in _x() * z_x:
        a_r, a_z, a_n = (x @ w_ih.T + b_ih).chunk(3, 1)
        b_r, b_z, b_n = ((old * z_h) @ w_hh.T + b_hh).chunk(3, 1)
        update = torch.sigmoid(a_z + b_z)
        old = (1 - update) * torch.tanh(a_n + torch.sigmoid(a_r + b_r) * b_n) + update * old
        expected.append(old)

    _close(y, torch.stack(expected))


def test_each_layer_and_direction_has_masks_of_its_own() -> None:
    layer, (h, c) = _lstm(bidirectional=True)
    weights = [layer.all_weights[0]] * 2
    state = h[:1].repeat(2, 1, 1), c[:1].repeat(2, 1, 1)
    x = _x()[:1]  # one step: both directions see the same
    y, _ = variational_lstm(
        x, state, weights, training=True, bidirectional=True, generator=_generator()
    )

    assert not torch.equal(y[..., :H], y[..., H:])


@pytest.mark.parametrize("rates", [(0.5, 0.0), (0.0, 0.5)])
@pytest.mark.parametrize("run", [variational_lstm, variational_gru])
def test_either_rate_drops_alone(run: Callable[..., Any], rates: tuple[float, float]) -> None:
    layer, start = _lstm() if run is variational_lstm else _gru()
    state = start if isinstance(start, tuple) else (start,)
    call: Any = lambda training, seed: run(  # noqa: E731
        _x(), state, layer.all_weights, *rates, training=training, generator=_generator(seed)
    )[0]

    assert torch.equal(call(True, 0), call(True, 0))
    assert not torch.equal(call(True, 0), call(True, 1))
    assert torch.equal(call(False, 0), call(False, 1))


def test_dropping_all_inputs_leaves_the_biases() -> None:
    layer, state = _lstm()
    expected = layer(torch.zeros_like(_x()), state)[0]
    x = torch.full_like(_x(), torch.inf)
    y, _ = variational_lstm(x, state, layer.all_weights, 1.0, 0.0, training=True)

    _close(y, expected)


@pytest.mark.parametrize("bidirectional", [False, True])
def test_steps_beyond_a_length_do_not_count(bidirectional: bool) -> None:
    layer, state = _lstm(bidirectional=bidirectional)
    lengths = torch.tensor([6, 4, 1])
    y, final = variational_lstm(
        _x(),
        state,
        layer.all_weights,
        0.0,
        0.0,
        training=True,
        bidirectional=bidirectional,
        lengths=lengths,
    )
    for b, length in enumerate(lengths.tolist()):
        own = tuple(part[:, b : b + 1].contiguous() for part in state)
        expected, last = layer(_x()[:length, b : b + 1].contiguous(), own)

        _close(y[:length, b : b + 1], expected)
        _close(tuple(part[:, b : b + 1] for part in final), last)
