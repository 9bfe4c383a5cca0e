"""Recurrent networks that drop the same units at every time step."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TypeAlias

import torch
import torch.nn.functional as F
from torch import Tensor

from ..kernels import draw_mask, seed_for
from ._locked_dropout import locked_dropout
from ._settings import known_rate, select_scaled, training_factor

Weights: TypeAlias = Sequence[Tensor]
"""Of one direction of one layer, as torch orders them: weight_ih, weight_hh, then bias_ih and
bias_hh if there are biases, then weight_hr if the output is projected."""

State: TypeAlias = tuple[Tensor, ...]
Cell: TypeAlias = Callable[[Tensor, Tensor, State, Weights], State]


def variational_lstm(
    x: Tensor,
    state: tuple[Tensor, Tensor],
    weights: Sequence[Weights],
    p: float | Tensor = 0.5,
    p_recurrent: float | Tensor = 0.5,
    *,
    training: bool,
    bidirectional: bool = False,
    lengths: Tensor | None = None,
    generator: torch.Generator | None = None,
) -> tuple[Tensor, State]:
    """Run an LSTM that drops the same inputs and the same units of its state at every step.

    In training, for each sequence, layer and direction,

    ```
    i, f, g, o = W_ih (x_t * z_x) + b_ih + W_hh (h_{t-1} * z_h) + b_hh
    c_t        = sigmoid(f) * c_{t-1} + sigmoid(i) * tanh(g)
    h_t        = sigmoid(o) * tanh(c_t)
    ```

    with `z_x ~ Bernoulli(1 - p) / (1 - p)` for each feature and `z_h` likewise with
    `p_recurrent` for each unit, drawn once, so that what enters each product keeps its
    expectation. Out of training `z_x = z_h = 1`.

    Args:
        x: Shape (time, batch, features).
        state: `h_0`, shape (layers * directions, batch, outputs), and `c_0`, shape
            (layers * directions, batch, hidden).
        weights: One entry for each layer and direction, as `torch.nn.LSTM.all_weights` gives them.
        p: Probability of dropping an input of a layer, in `[0, 1]`. Not the keep rate.
        p_recurrent: Probability of dropping a unit of the state, in `[0, 1]`.
        training: Whether to drop at all. Layers pass `self.training`.
        bidirectional: Whether each layer has a second direction, which starts at the end.
        lengths: int64, shape (batch,): how many steps of each sequence count; `None` means all.
        generator: Source of the seeds, on the device of `x`; `None` uses torch's global one.

    Returns:
        The outputs of the last layer, shape (time, batch, directions * outputs), and the final
        states in the form of `state`. Outputs beyond a sequence's length are undefined.

    Raises:
        SettingError: If a rate lies outside `[0, 1]`.

    Example:
        >>> import torch
        >>> lstm, x = torch.nn.LSTM(3, 4), torch.randn(5, 2, 3)
        >>> zeros = torch.zeros(1, 2, 4), torch.zeros(1, 2, 4)
        >>> y, _ = variational_lstm(x, zeros, lstm.all_weights, training=False)
        >>> torch.allclose(y, lstm(x)[0], atol=1e-6)
        True

    Source:
        Gal and Ghahramani, "A Theoretically Grounded Application of Dropout in Recurrent Neural
        Networks", NeurIPS 2016, the variant with masks shared by the four gates ("tied weights").
        Differs: words are not dropped here, `embedding_dropout` does that.
    """
    rates = _rates(p, p_recurrent, training, x)
    return _run(_lstm_cell, x, state, weights, rates, bidirectional, lengths, generator)


def variational_gru(
    x: Tensor,
    state: tuple[Tensor],
    weights: Sequence[Weights],
    p: float | Tensor = 0.5,
    p_recurrent: float | Tensor = 0.5,
    *,
    training: bool,
    bidirectional: bool = False,
    lengths: Tensor | None = None,
    generator: torch.Generator | None = None,
) -> tuple[Tensor, State]:
    """Run a GRU that drops the same inputs and the same units of its state at every step.

    In training, for each sequence, layer and direction, with the parts of `a` and `b` in order,

    ```
    a   = W_ih (x_t * z_x) + b_ih,   b = W_hh (h_{t-1} * z_h) + b_hh
    r   = sigmoid(a_r + b_r),        z = sigmoid(a_z + b_z)
    n   = tanh(a_n + r * b_n)
    h_t = (1 - z) * n + z * h_{t-1}
    ```

    with masks `z_x` and `z_h` as in `variational_lstm`. The state that is carried on by `z` is
    not dropped: it would shrink or grow with every step.

    Args:
        x: Shape (time, batch, features).
        state: `h_0` alone in a tuple, shape (layers * directions, batch, hidden).
        weights: One entry for each layer and direction, as `torch.nn.GRU.all_weights` gives them.
        p: Probability of dropping an input of a layer, in `[0, 1]`. Not the keep rate.
        p_recurrent: Probability of dropping a unit of the state, in `[0, 1]`.
        training: Whether to drop at all. Layers pass `self.training`.
        bidirectional: Whether each layer has a second direction, which starts at the end.
        lengths: int64, shape (batch,): how many steps of each sequence count; `None` means all.
        generator: Source of the seeds, on the device of `x`; `None` uses torch's global one.

    Returns:
        As `variational_lstm`.

    Raises:
        SettingError: If a rate lies outside `[0, 1]`.

    Example:
        >>> import torch
        >>> gru, x = torch.nn.GRU(3, 4), torch.randn(5, 2, 3)
        >>> zeros = (torch.zeros(1, 2, 4),)
        >>> y, _ = variational_gru(x, zeros, gru.all_weights, training=False)
        >>> torch.allclose(y, gru(x)[0], atol=1e-6)
        True

    Source:
        As `variational_lstm`; the equations are those of `torch.nn.GRU`, with the reset gate after
        the product.
    """
    rates = _rates(p, p_recurrent, training, x)
    return _run(_gru_cell, x, state, weights, rates, bidirectional, lengths, generator)


def _rates(
    p: float | Tensor, p_recurrent: float | Tensor, training: bool, x: Tensor
) -> tuple[float | Tensor, float | Tensor]:
    rates = known_rate(p, x), known_rate(p_recurrent, x)
    return rates if training else (0.0, 0.0)


def _run(
    cell: Cell,
    x: Tensor,
    state: State,
    weights: Sequence[Weights],
    rates: tuple[float | Tensor, float | Tensor],
    bidirectional: bool,
    lengths: Tensor | None,
    generator: torch.Generator | None,
) -> tuple[Tensor, State]:
    """Run all layers; each direction is a network of its own, with masks of its own."""
    directions = 2 if bidirectional else 1
    finals: list[State] = []
    for layer in range(0, len(weights), directions):
        outputs = []
        for i in range(layer, layer + directions):
            first = tuple(part[i] for part in state)
            backwards = i > layer
            y, final = _run_one(cell, x, first, weights[i], rates, backwards, lengths, generator)
            outputs.append(y)
            finals.append(final)
        x = torch.cat(outputs, -1)
    return x, tuple(torch.stack(parts) for parts in zip(*finals, strict=True))


def _run_one(
    cell: Cell,
    x: Tensor,
    state: State,
    weights: Weights,
    rates: tuple[float | Tensor, float | Tensor],
    backwards: bool,
    lengths: Tensor | None,
    generator: torch.Generator | None,
) -> tuple[Tensor, State]:
    p, p_recurrent = rates
    w_ih, b_ih = weights[0], weights[2] if len(weights) > 3 else None
    inputs = F.linear(locked_dropout(x, p, training=True, generator=generator), w_ih, b_ih)
    drop = _state_dropout(state[0], p_recurrent, generator)
    outputs: list[Tensor] = []
    steps = range(len(x))
    for t in reversed(steps) if backwards else steps:
        following = cell(inputs[t], drop(state[0]), state, weights)
        if lengths is not None:
            # Before its start, which is where a padded sequence ends, a direction waits.
            counts = (lengths > t).unsqueeze(1)
            pairs = zip(following, state, strict=True)
            following = tuple(new.where(counts, old) for new, old in pairs)
        state = following
        outputs.append(state[0])
    return torch.stack(outputs[::-1] if backwards else outputs), state


def _state_dropout(
    h: Tensor, p: float | Tensor, generator: torch.Generator | None
) -> Callable[[Tensor], Tensor]:
    if not isinstance(p, Tensor) and p == 0:
        return lambda h: h
    keep, factor = (
        draw_mask(tuple(h.shape), seed_for(h, generator), p, h),
        training_factor(p, "train"),
    )
    return lambda h: select_scaled(h, keep, factor)


def _lstm_cell(inputs: Tensor, dropped: Tensor, state: State, weights: Weights) -> State:
    b_hh = weights[3] if len(weights) > 3 else None
    i, f, g, o = (inputs + F.linear(dropped, weights[1], b_hh)).chunk(4, -1)
    c = f.sigmoid() * state[1] + i.sigmoid() * g.tanh()
    h = o.sigmoid() * c.tanh()
    # Without biases there are two weights or three, with them four or five.
    return (F.linear(h, weights[-1]) if len(weights) % 2 else h), c


def _gru_cell(inputs: Tensor, dropped: Tensor, state: State, weights: Weights) -> State:
    b_hh = weights[3] if len(weights) > 3 else None
    a, b = inputs.chunk(3, -1), F.linear(dropped, weights[1], b_hh).chunk(3, -1)
    r, z = (a[0] + b[0]).sigmoid(), (a[1] + b[1]).sigmoid()
    n = (a[2] + r * b[2]).tanh()
    return (n + z * (state[0] - n),)
