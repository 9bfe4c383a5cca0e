"""How much hidden units go together, and how many are silent: what dropout is said to change."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn.modules import activation

from ..errors import ModelError, SettingError
from ..modes import evaluating
from ..nn import ActivationDropout

NEAR_ZERO = 0.01
"""An activation is nearly zero up to this share of its layer's root mean square."""

_NOT_ELEMENTWISE = (nn.MultiheadAttention, nn.Softmax, nn.Softmax2d, nn.LogSoftmax, nn.Softmin)
_KINDS = [getattr(activation, name) for name in activation.__all__]
_ACTIVATIONS = (
    ActivationDropout,
    *(kind for kind in _KINDS if not issubclass(kind, _NOT_ELEMENTWISE)),
)
_BLOCK = 1024  # columns at a time, so that a wide layer's correlations need not be held at once


@dataclass(frozen=True, slots=True)
class LayerStatistics:
    """What one activation layer gave for all rows, in evaluation mode.

    Attributes:
        layer: Name of the layer in its model.
        units: How many units it has: elements of a row.
        dead: Units that give the same value for every row, at most `units`.
        correlation: Mean of |Pearson's r| over all pairs of different units that are not dead, in
            [0, 1]; `None` with fewer than two of them.
        near_zero: Share of activations, dead units' among them, within 1 % of the layer's root
            mean square of zero, in [0, 1].
        mean: Mean activation, dead units' among them.
    """

    layer: str
    units: int
    dead: int
    correlation: float | None
    near_zero: float
    mean: float


@dataclass(frozen=True, slots=True)
class HiddenStatistics:
    """Statistics of a model's hidden activations.

    Attributes:
        layers: One record for each run of an activation layer, in the order they ran.
    """

    layers: tuple[LayerStatistics, ...]


def hidden_statistics(model: nn.Module, x: Tensor) -> HiddenStatistics:
    r"""Measure co-adaptation and sparsity of the hidden units of `model` on `x`.

    For units i and j with activations :math:`a_i, a_j` over rows, co-adaptation is taken as the
    mean of :math:`|\mathrm{corr}(a_i, a_j)|` over pairs. It is not zero for independent units: n
    rows of noise give about :math:`\sqrt{2 / (\pi n)}`. Units may also go together because the
    data do, whatever the training; so compare networks on the same rows.

    Runs once, in evaluation mode and without gradients; every submodule gets back its mode.
    Hidden activations are the outputs of activation layers (`torch.nn.ReLU` and the like,
    `ActivationDropout`), except one whose output the model returns. Functional calls are not seen.

    Args:
        model: Any module with activation layers, called as `model(x)`.
        x: Rows in the first dimension, at least 2: shape (rows, ...), where the model is.

    Returns:
        Statistics of each hidden activation layer, computed in float64.

    Raises:
        SettingError: If `x` has fewer than two rows.
        ModelError: If no hidden activation layer runs, if one changes the number of rows, or if
            an activation is NaN or infinite.

    Example:
        >>> from torchdrop.networks import mlp
        >>> found = hidden_statistics(mlp(8, 6, 4, 2, p=0.5), torch.randn(50, 8))
        >>> [(layer.layer, layer.units) for layer in found.layers]
        [('1', 6), ('4', 4)]

    Source:
        Srivastava et al., JMLR 15 (2014), sections 7.1 and 7.2, who look at features and at
        histograms of activations; the correlation is our measure of what they show as pictures.
    """
    if x.dim() < 1 or len(x) < 2:
        raise SettingError(
            f"x has at least two rows, to correlate units over; got shape {tuple(x.shape)}."
        )
    with evaluating(model), torch.no_grad(), _listening(model, len(x)) as heard:
        result = model(x)
    layers = tuple(record for record, output in heard if output is not result)
    if not layers:
        raise ModelError(
            "No hidden activation layer ran in the model; put activations in as layers, such as "
            "torch.nn.ReLU, instead of calls of functions."
        )
    return HiddenStatistics(layers)


@contextmanager
def _listening(model: nn.Module, rows: int) -> Iterator[list[tuple[LayerStatistics, Tensor]]]:
    """Describe what activation layers give, at once: a layer behind may overwrite it."""
    heard: list[tuple[LayerStatistics, Tensor]] = []
    names = {module: name for name, module in model.named_modules()}

    def hear(layer: nn.Module, _: object, output: Tensor) -> None:
        heard.append((_describe(names[layer], output, rows), output))

    layers = [layer for layer in names if isinstance(layer, _ACTIVATIONS)]
    handles = [layer.register_forward_hook(hear) for layer in layers]
    try:
        yield heard
    finally:
        for handle in handles:
            handle.remove()


def _describe(name: str, output: Tensor, rows: int) -> LayerStatistics:
    if output.dim() < 1 or len(output) != rows:
        raise ModelError(
            f"Layer {name!r} gives shape {tuple(output.shape)} for {rows} rows; only layers that "
            "keep rows in the first dimension can be measured."
        )
    values = output.to(torch.float64).reshape(rows, -1)
    if not values.isfinite().all():
        raise ModelError(
            f"Layer {name!r} gives NaN or infinity; measure on rows where it does not."
        )
    alive = values.amax(0) != values.amin(0)
    threshold = NEAR_ZERO * values.square().mean().sqrt()
    return LayerStatistics(
        layer=name,
        units=values.shape[1],
        dead=int((~alive).sum()),
        correlation=_mean_correlation(values[:, alive]),
        near_zero=float((values.abs() <= threshold).double().mean()),
        mean=float(values.mean()),
    )


def _mean_correlation(values: Tensor) -> float | None:
    """Mean of |r| over pairs of different columns, none of which is constant."""
    units = values.shape[1]
    if units < 2:
        return None
    centered = values - values.mean(0)
    scaled = centered / centered.norm(dim=0)
    total = sum(float((block.T @ scaled).abs().sum()) for block in scaled.split(_BLOCK, dim=1))
    own = float(scaled.square().sum())  # each unit with itself, 1 up to rounding
    return (total - own) / (units * (units - 1))
