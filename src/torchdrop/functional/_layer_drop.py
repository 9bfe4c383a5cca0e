"""Skip whole layers of a stack."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any

import torch
from torch import Tensor

from ..errors import ModelError
from ..kernels import draw_mask, is_plain, seed_for
from ._settings import known_rate


def layer_drop(
    x: Tensor,
    layers: Iterable[Callable[..., Tensor]],
    p: float | Tensor = 0.5,
    *args: Any,
    training: bool,
    generator: torch.Generator | None = None,
    **kwargs: Any,
) -> Tensor:
    """Run `x` through layers, and in training skip each of them with probability `p`.

    `x = layer(x)` where a layer is kept, `x` as it is where it is skipped; nothing is rescaled, as
    in the paper, since the layers are meant to be residual. Out of training all layers run, and
    nothing is drawn.

    A skipped layer is not run: it costs nothing, and its parameters' gradients stay `None`. Under
    `torch.compile` and `vmap` no draw can decide what is run; there every layer runs and its result
    is selected or not. Outputs are the same, but gradients of skipped layers are 0 and not `None`,
    and what a skipped layer does besides (draw random numbers, count a batch) is done.

    Args:
        x: Any shape.
        layers: What is run in turn; each takes a tensor and gives one of the same shape.
        p: Probability of skipping a layer, in `[0, 1]`.
        *args: Passed to every layer after `x`.
        training: Whether to skip at all. Layers pass `self.training`.
        generator: Source of the seed, on the device of `x`; `None` uses torch's global one.
        **kwargs: Passed to every layer.

    Returns:
        What the last layer that was run gives; `x` itself if none was.

    Raises:
        SettingError: If `p` lies outside `[0, 1]`.
        ModelError: If a layer changes the shape, so that it cannot be skipped.

    Example:
        >>> import torch
        >>> layers = [torch.nn.Linear(3, 3) for _ in range(4)]
        >>> x = torch.ones(2, 3)
        >>> layer_drop(x, layers, 1.0, training=True) is x
        True

    Source:
        Fan, Grave, Joulin, "Reducing Transformer Depth on Demand with Structured Dropout", ICLR
        2020. As in the paper, nothing is rescaled.
    """
    p = known_rate(p, x)
    layers = list(layers)
    kept = _draw(x, len(layers), p, training, generator)
    for number, (layer, keep) in enumerate(zip(layers, kept, strict=True)):
        if keep is not False:
            y = layer(x, *args, **kwargs)
            _check_result(y, x, number)
            x = y if keep is True else torch.where(keep, y, x)
    return x


def _draw(
    x: Tensor, count: int, p: float | Tensor, training: bool, generator: torch.Generator | None
) -> Sequence[bool | Tensor]:
    """Say of each layer whether it is kept: booleans where Python may branch on them."""
    if not training or count == 0 or (not isinstance(p, Tensor) and p == 0):
        return [True] * count
    keep = draw_mask((count,), seed_for(x, generator), p, x)
    if isinstance(p, Tensor) or not is_plain(x):
        return keep.unbind()
    kept: list[bool] = keep.tolist()
    return kept


def _check_result(y: Any, x: Tensor, number: int) -> None:
    came = tuple(y.shape) if isinstance(y, Tensor) else type(y).__name__
    if came != tuple(x.shape):
        raise ModelError(
            f"a layer that may be skipped gives a tensor of its input's shape; layer {number} made "
            f"{came} of {tuple(x.shape)}. Leave it out of the stack."
        )
