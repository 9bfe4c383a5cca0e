import math
from collections.abc import Callable

import numpy as np
import pytest
import torch
from torch import Tensor

from torchdrop.errors import SettingError
from torchdrop.functional import (
    dropout,
    dropout1d,
    dropout1d_,
    dropout2d,
    dropout2d_,
    dropout3d,
    dropout3d_,
)
from torchdrop.kernels import draw_mask, keep_probability, seed_for

Z = 5.0
FORMS = [
    (dropout1d, dropout1d_, (64, 32, 5)),
    (dropout2d, dropout2d_, (64, 32, 3, 2)),
    (dropout3d, dropout3d_, (64, 32, 2, 3, 2)),
]

pytestmark = pytest.mark.usefixtures("each_kernel")
each_form = pytest.mark.parametrize(("function", "in_place", "shape"), FORMS)
Function = Callable[..., Tensor]


def _generator(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


@each_form
def test_channels_fall_whole_and_as_often_as_asked(
    function: Function, in_place: Function, shape: tuple[int, ...]
) -> None:
    p, channels = 0.3, 64 * 32
    y = function(torch.ones(shape), p, training=True, generator=_generator()).flatten(2)
    dropped = (y[..., 0] == 0).double().mean().item()

    assert (y == y[..., :1]).all()
    assert abs(dropped - p) < Z * math.sqrt(p * (1 - p) / channels)


@each_form
def test_the_result_is_that_of_a_loop_over_channels(
    function: Function, in_place: Function, shape: tuple[int, ...]
) -> None:
    x, p = torch.randn(shape, generator=_generator(1), dtype=torch.float64), 0.4
    y = function(x, p, training=True, generator=_generator()).numpy()
    keep = draw_mask((64, 32), seed_for(x, _generator()), p, x).numpy()
    for sample, channel in np.ndindex(64, 32):
        factor = keep[sample, channel] / keep_probability(p)

        assert np.allclose(y[sample, channel], x[sample, channel].numpy() * factor, rtol=1e-15)


def test_neighboring_channels_and_samples_are_independent() -> None:
    y = dropout1d(torch.ones(256, 256, 2), 0.5, training=True, generator=_generator())[..., 0]
    centered = (y - 1).double()
    for lag in (1, 2, 15, 16, 255, 256, 257):
        pairs = centered.flatten()[lag:] * centered.flatten()[:-lag]

        assert abs(pairs.mean().item()) < Z / math.sqrt(pairs.numel())


@each_form
def test_an_unbatched_input_is_a_batch_of_one(
    function: Function, in_place: Function, shape: tuple[int, ...]
) -> None:
    x = torch.randn(shape[1:], generator=_generator(1))
    alone = function(x, 0.5, training=True, batched=False, generator=_generator())
    batch = function(x.unsqueeze(0), 0.5, training=True, generator=_generator())

    assert torch.equal(alone, batch.squeeze(0))


@each_form
def test_in_place_writes_the_same_into_the_argument(
    function: Function, in_place: Function, shape: tuple[int, ...]
) -> None:
    x = torch.randn(shape, generator=_generator(1))
    expected = function(x, 0.5, training=True, generator=_generator())

    assert in_place(x, 0.5, training=True, generator=_generator()) is x
    assert torch.equal(x, expected)


@each_form
@pytest.mark.parametrize("training", [True, False])
def test_other_ranks_are_refused_in_both_modes(
    function: Function, in_place: Function, shape: tuple[int, ...], training: bool
) -> None:
    for rank in {1, 2, 3, 4, 5, 6} - {len(shape)}:
        for apply in (function, in_place):
            with pytest.raises(SettingError, match=rf"got an input with {rank} axes.*Use "):
                apply(torch.ones((2,) * rank), training=training)
    with pytest.raises(SettingError, match=rf"{len(shape)} axes.*Use .*batched=True"):
        function(torch.ones(shape), training=training, batched=False)


@pytest.mark.parametrize(
    ("function", "rank", "batched", "advice"),
    [
        (dropout1d, 2, True, r"Use Dropout \(dropout\).* or batched=False"),
        (dropout1d, 4, True, r"Use Dropout2d \(dropout2d\)\."),
        (dropout1d, 6, True, r"Use Dropout \(dropout\) with dims=\(0, 1\)\."),
        (dropout2d, 3, True, r"Use Dropout1d .* or batched=False or x\.unsqueeze\(0\) for one"),
        (dropout2d, 5, True, r"Use Dropout3d \(dropout3d\)\."),
        (dropout3d, 4, True, r"Use Dropout2d .* or batched=False"),
        (dropout2d, 2, False, r"Use Dropout1d \(dropout1d\) with batched=False\."),
        (dropout2d, 4, False, r"Use Dropout3d .* or batched=True for \(N, C, H, W\)\."),
    ],
)
def test_the_refusal_names_what_fits(
    function: Function, rank: int, batched: bool, advice: str
) -> None:
    with pytest.raises(SettingError, match=advice):
        function(torch.ones((2,) * rank), training=True, batched=batched)


def test_features_are_not_taken_for_a_signal_as_torch_does() -> None:
    x = torch.ones(64, 10)
    theirs = torch.nn.functional.dropout1d(x, 0.5, training=True)

    assert (theirs == theirs[:, :1]).all()
    with pytest.raises(SettingError, match="batched=False"):
        dropout1d(x, 0.5, training=True)


def test_no_more_than_the_mask_of_channels_is_kept_for_backward() -> None:
    saved: list[Tensor] = []
    x = torch.randn(4, 8, 100, requires_grad=True)

    def keep(tensor: Tensor) -> Tensor:
        saved.append(tensor)
        return tensor

    with torch.autograd.graph.saved_tensors_hooks(keep, lambda tensor: tensor):
        dropout1d(x, 0.5, training=True)

    assert sum(t.untyped_storage().nbytes() for t in saved) <= 4 * 8 * 4


def test_it_is_dropout_with_its_axes_named() -> None:
    x = torch.randn(4, 8, 5, 5)
    y = dropout2d(x, 0.5, training=True, generator=_generator())

    assert torch.equal(y, dropout(x, 0.5, training=True, dims=(0, 1), generator=_generator()))
