"""Drop blocks of neighbors in a map: what one unit of a convolution hides, the next still shows."""

from __future__ import annotations

from typing import Literal

import torch
from torch import Tensor

from ..errors import SettingError
from ..kernels import Seed, draw_mask, seed_for
from ._block_rate import start_rate
from ._settings import check_dtype, known_rate, select_scaled

BlockScale = Literal["train", "eval", "count"]

_SHAPES = {1: "(N, C, L)", 2: "(N, C, H, W)", 3: "(N, C, D, H, W)"}


def drop_block1d(
    x: Tensor,
    p: float | Tensor = 0.1,
    block_size: int | tuple[int] = 7,
    *,
    training: bool,
    per_channel: bool = True,
    generator: torch.Generator | None = None,
    scale: BlockScale = "train",
) -> Tensor:
    """Zero runs of neighbors in each channel of a sequence; see `drop_block2d`.

    Args:
        x: Floating point or complex, shape `(N, C, L)`.
        p: Expected share of the elements that is dropped, in `[0, 1]`.
        block_size: Length of a run.
        training: Whether to drop at all.
        per_channel: Whether each channel has a mask of its own.
        generator: Source of the seed, on the device of `x`; `None` uses torch's global one.
        scale: `train`, `eval` or `count`, as in `drop_block2d`.

    Returns:
        A tensor with the shape, dtype and device of `x`; `x` itself where nothing changes.

    Raises:
        SettingError: If a setting is out of its range, or `x` does not have three axes.
        TypeError: If `x` holds integers or booleans.

    Example:
        >>> import torch
        >>> y = drop_block1d(torch.ones(1, 1, 9), 0.5, 9, training=True)
        >>> y.unique().numel()
        1

    Source:
        As `drop_block2d`, which is the paper's case.
    """
    return _drop_block(x, p, block_size, 1, training, per_channel, generator, scale)


def drop_block2d(
    x: Tensor,
    p: float | Tensor = 0.1,
    block_size: int | tuple[int, int] = 7,
    *,
    training: bool,
    per_channel: bool = True,
    generator: torch.Generator | None = None,
    scale: BlockScale = "train",
) -> Tensor:
    """Zero blocks of neighbors in each channel of an image, a share `p` of it in expectation.

    In training each place where a block fits starts one with probability `gamma`, and
    `y = x * k / q`, where `k` is 0 in a block and 1 elsewhere. `gamma` solves
    `mean((1 - gamma)**c) = 1 - p`, where `c` counts the blocks that could cover an element; `q` is
    that mean for the `gamma` that the mask stream realizes. So the expected share dropped is `p`
    for every map and block, to within `2**-33` times the elements in a block, and the mean of `y`
    over a map of equal elements is kept exactly. Elements near an edge are covered by fewer
    blocks: they are dropped less often than `p`, those in the middle more often.

    Out of training `y` is `x` itself; with `scale="eval"` it is `x * q` and training does not
    rescale.

    Args:
        x: Floating point or complex, shape `(N, C, H, W)`.
        p: Expected share of the elements that is dropped, in `[0, 1]`. Not the rate at which
            blocks start.
        block_size: Of a block, `b` or `(height, width)`, odd or even; what is larger than the map
            is cut to it.
        training: Whether to drop at all. Layers pass `self.training`.
        per_channel: Whether each channel has a mask of its own; if not, a sample's channels share
            one.
        generator: Source of the seed, on the device of `x`; `None` uses torch's global one.
        scale: `train` divides by the expected share kept; `eval` multiplies by it in evaluation
            instead; `count` divides each sample by the share that its own mask kept. With `count` a
            sample that is dropped whole cannot be made up for, so the expectation is kept only
            where that is rare.

    Returns:
        A tensor with the shape, dtype and device of `x`; `x` itself where nothing changes.

    Raises:
        SettingError: If a setting is out of its range, or `x` does not have four axes.
        TypeError: If `x` holds integers or booleans.

    Example:
        >>> import torch
        >>> x = torch.ones(4, 8, 7, 7)
        >>> y = drop_block2d(x, 0.1, 7, training=True)  # blocks as large as the map
        >>> all(channel.unique().numel() == 1 for channel in y.flatten(0, 1))
        True
        >>> drop_block2d(x, 0.1, training=False) is x
        True

    Source:
        Ghiasi, Lin, Le, "DropBlock: A regularization method for convolutional networks", NeurIPS
        2018. Differs: the paper starts blocks at the rate `p / b**2 * H * W / (fits)`, with `fits`
        the number of places where one fits, which neglects that blocks overlap, so that less is
        dropped than asked; ours is exact. The paper rescales by `count(M) / count_ones(M)`, which
        its implementations take over a whole batch; here a sample's scale never depends on the
        others: it is the expectation, or with `count` the sample's own.
    """
    return _drop_block(x, p, block_size, 2, training, per_channel, generator, scale)


def drop_block3d(
    x: Tensor,
    p: float | Tensor = 0.1,
    block_size: int | tuple[int, int, int] = 7,
    *,
    training: bool,
    per_channel: bool = True,
    generator: torch.Generator | None = None,
    scale: BlockScale = "train",
) -> Tensor:
    """Zero blocks of neighbors in each channel of a volume; see `drop_block2d`.

    Args:
        x: Floating point or complex, shape `(N, C, D, H, W)`.
        p: Expected share of the elements that is dropped, in `[0, 1]`.
        block_size: Of a block, `b` or `(depth, height, width)`.
        training: Whether to drop at all.
        per_channel: Whether each channel has a mask of its own.
        generator: Source of the seed, on the device of `x`; `None` uses torch's global one.
        scale: `train`, `eval` or `count`, as in `drop_block2d`.

    Returns:
        A tensor with the shape, dtype and device of `x`; `x` itself where nothing changes.

    Raises:
        SettingError: If a setting is out of its range, or `x` does not have five axes.
        TypeError: If `x` holds integers or booleans.

    Example:
        >>> import torch
        >>> y = drop_block3d(torch.ones(1, 1, 4, 4, 4), 0.5, 4, training=True)
        >>> y.unique().numel()
        1

    Source:
        As `drop_block2d`, which is the paper's case.
    """
    return _drop_block(x, p, block_size, 3, training, per_channel, generator, scale)


def check_block_settings(block_size: int | tuple[int, ...], axes: int, scale: str) -> None:
    """Refuse a block or a scale that the functions of this file cannot use.

    Args:
        block_size: Of a block, one for all axes or one for each.
        axes: How many axes a map has.
        scale: When and by what outputs are rescaled.

    Raises:
        SettingError: If one of them is out of its range.
    """
    sizes = block_size if isinstance(block_size, tuple) else (block_size,) * axes
    if len(sizes) != axes or not all(size >= 1 for size in sizes):
        raise SettingError(
            f"block_size is a number of elements, 1 or more, or a tuple of {axes} of them; got "
            f"{block_size}."
        )
    if scale not in ("train", "eval", "count"):
        raise SettingError(
            f"scale says how outputs are rescaled, 'train', 'eval' or 'count'; got {scale!r}."
        )


def _drop_block(
    x: Tensor,
    p: float | Tensor,
    block_size: int | tuple[int, ...],
    axes: int,
    training: bool,
    per_channel: bool,
    generator: torch.Generator | None,
    scale: BlockScale,
) -> Tensor:
    p = known_rate(p, x)
    check_block_settings(block_size, axes, scale)
    check_dtype(x)
    _check_shape(x, axes)
    unchanged = (not training and scale != "eval") or (not isinstance(p, Tensor) and p == 0)
    if unchanged or x.numel() == 0:
        return x
    sizes = tuple(x.shape[2:])
    wanted = block_size if isinstance(block_size, tuple) else (block_size,) * axes
    block = tuple(min(pair) for pair in zip(wanted, sizes, strict=True))
    gamma, share = start_rate(p, block, sizes, x)
    if not training:
        return x * share
    keep = ~_cover(_starts(x, block, gamma, per_channel, seed_for(x, generator)), block)
    return select_scaled(x, keep, _factor(keep, share, scale))


def _starts(
    x: Tensor, block: tuple[int, ...], gamma: float | Tensor, per_channel: bool, seed: Seed
) -> Tensor:
    """Draw the places, among those where a block fits, at which one starts."""
    fits = (size - length + 1 for size, length in zip(x.shape[2:], block, strict=True))
    shape = (x.shape[0], x.shape[1] if per_channel else 1, *fits)
    return ~draw_mask(shape, seed, gamma, x)


def _cover(starts: Tensor, block: tuple[int, ...]) -> Tensor:
    """Mark what the blocks that start at the marks cover.

    Along each axis a mark's reach is doubled until it has the block's length: a few operations on
    booleans, where pooling would look at every element of every window.
    """
    for axis, length in enumerate(block, start=-len(block)):
        ends = [0, 0] * (-axis - 1) + [length - 1] * 2
        starts = torch.nn.functional.pad(starts, ends)
        reach = 1
        while reach < length:
            step = min(reach, length - reach)
            size = starts.shape[axis] - step
            starts = starts.narrow(axis, 0, size) | starts.narrow(axis, step, size)
            reach += step
    return starts


def _factor(keep: Tensor, share: float | Tensor, scale: BlockScale) -> float | Tensor:
    """What kept elements are multiplied by in training."""
    if scale == "eval":
        return 1.0
    if scale == "count":
        # Counted in float64: a sum in float16 is infinite beyond 65504.
        share = keep.mean(tuple(range(1, keep.ndim)), keepdim=True, dtype=torch.float64)
    if isinstance(share, Tensor):
        return 1 / share.where(share > 0, 1.0)
    return 1 / share if share > 0 else 1.0


def _check_shape(x: Tensor, axes: int) -> None:
    if x.ndim != axes + 2:
        other = x.ndim - 2
        advice = (
            f"Use drop_block{other}d or DropBlock{other}d for it"
            if other in _SHAPES
            else "Reshape it"
        )
        single = ", or x.unsqueeze(0) if it is a single sample" if other == axes - 1 else ""
        raise SettingError(
            f"drop_block{axes}d and DropBlock{axes}d take a tensor of shape {_SHAPES[axes]}; got "
            f"{x.ndim} axes, {tuple(x.shape)}. {advice}{single}."
        )
