"""Drop whole samples of a residual branch: stochastic depth."""

from __future__ import annotations

from typing import Literal

import torch
from torch import Tensor

from ..errors import SettingError
from ._dropout import dropout
from ._settings import Scale, check_probability

PathMode = Literal["row", "batch"]


def drop_path(
    x: Tensor,
    p: float | Tensor = 0.5,
    *,
    training: bool,
    mode: PathMode = "row",
    generator: torch.Generator | None = None,
    scale: Scale = "train",
) -> Tensor:
    """Zero the branch `x` of a residual block for each sample with probability `p`, and rescale.

    Used as `shortcut + drop_path(branch(shortcut), p, training=...)`. In training,
    `y = x * k / q` with one `k ~ Bernoulli(q)` for each sample and `q = 1 - p`, so `E[y] = x`; out
    of training `y` is `x` itself. With `scale="eval"`, the paper's scheme, training gives
    `y = x * k` and evaluation `y = x * q`. A dropped NaN or infinity is 0.

    Args:
        x: Floating point or complex, samples along the first axis.
        p: Probability of dropping a sample, in `[0, 1]`. Not the survival probability.
        training: Whether to drop at all. Layers pass `self.training`.
        mode: `row` draws for each sample, `batch` once for all of them.
        generator: Source of the seed, on the device of `x`; `None` uses torch's global one.
        scale: `train` divides by `1 - p` in training; `eval` multiplies by it in evaluation.

    Returns:
        A tensor with the shape, dtype and device of `x`; `x` itself where nothing changes.

    Raises:
        SettingError: If a setting is out of its range, or `x` has no axis of samples.
        TypeError: If `x` holds integers or booleans.

    Example:
        >>> import torch
        >>> y = drop_path(torch.ones(16, 5), 0.5, training=True)
        >>> all(row.unique().numel() == 1 for row in y)
        True

    Source:
        Huang, Sun, Liu, Sedra, Weinberger, "Deep Networks with Stochastic Depth", ECCV 2016:
        `relu(b * f(h) + h)` in training, `relu(q * f(h) + h)` in the test. Differs: the paper gives
        the survival probability, draws once for a batch, and rescales in evaluation, which are
        `1 - p`, `mode="batch"` and `scale="eval"` here. The name is that of timm; the drop-path of
        fractal networks is another method.
    """
    check_path_mode(mode)
    dims = (0,) if mode == "row" else ()
    return dropout(x, p, training=training, dims=dims, generator=generator, scale=scale)


def drop_path_rates(p: float, depth: int) -> tuple[float, ...]:
    """Spread rates over a network's blocks, rising linearly from 0 for the first to `p`.

    Args:
        p: Rate of the last block, in `[0, 1]`; a single block is the last one.
        depth: How many blocks there are, 0 or more.

    Returns:
        `depth` rates, from the first block to the last.

    Raises:
        SettingError: If `p` lies outside `[0, 1]` or `depth` is negative.

    Example:
        >>> drop_path_rates(0.5, 3)
        (0.0, 0.25, 0.5)

    Source:
        Huang et al. (2016), the linear decay of survival, `1 - l / L * (1 - q)` for block `l` of
        `L`. Differs: the paper counts from the input, so that its first block has `p / L`; ours
        from the first block, as timm does.
    """
    check_probability(p)
    if depth < 0:
        raise SettingError(f"depth is a number of blocks, 0 or more; got {depth}.")
    if depth == 1:
        return (p,)
    return tuple(p * block / (depth - 1) for block in range(depth))


def check_path_mode(mode: str) -> None:
    """Refuse a mode that is neither `row` nor `batch`."""
    if mode not in ("row", "batch"):
        raise SettingError(
            f"mode says what is dropped by one draw, a 'row' or the 'batch'; got {mode!r}."
        )
