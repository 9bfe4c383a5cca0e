import math
from collections.abc import Callable

import pytest
import torch
import torch._dynamo.testing
from torch import Tensor

from torchdrop.errors import SettingError
from torchdrop.functional import drop_block1d, drop_block2d, drop_block3d
from torchdrop.functional._block_rate import start_rate
from torchdrop.functional._drop_block import _cover

from ..long.drop_block_rates import ROWS, Row, deviation, sampled_rate

Z = 5.0

pytestmark = pytest.mark.usefixtures("each_kernel")


def _generator(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


@pytest.mark.parametrize("row", ROWS, ids=str)
def test_the_realized_rate_is_p(row: Row) -> None:
    """To five standard errors; `tests/long` takes as many maps as one percent needs."""
    maps = 1000
    bound = Z * deviation(row.p, row.block, row.size) / math.sqrt(maps)

    assert abs(sampled_rate(row, maps) - row.p) < bound


@pytest.mark.parametrize("p", [0.1, 0.5])
def test_a_map_of_the_blocks_size_is_dropped_whole_with_probability_p(p: float) -> None:
    """7 x 7 at the end of a residual network, where timm 1.0.31 drops .93 for p = .1."""
    n = 20_000
    y = drop_block2d(torch.ones(1, n, 7, 7), p, 7, training=True, generator=_generator())
    whole = (y == 0).flatten(2).all(2).double().mean().item()

    assert torch.equal((y == 0).flatten(2).all(2), (y == 0).flatten(2).any(2))
    assert abs(whole - p) < Z * math.sqrt(p * (1 - p) / n)


@pytest.mark.parametrize(
    ("block", "sizes"), [((1,), (4,)), ((4, 3), (9, 5)), ((7, 7), (7, 8)), ((2, 3, 4), (5, 6, 4))]
)
def test_blocks_cover_what_a_loop_over_them_covers(
    block: tuple[int, ...], sizes: tuple[int, ...]
) -> None:
    fits = [size - length + 1 for length, size in zip(block, sizes, strict=True)]
    starts = torch.rand(2, 3, *fits, generator=_generator()) < 0.2
    covered = torch.zeros(2, 3, *sizes, dtype=torch.bool)
    for sample, channel, *place in starts.nonzero().tolist():
        corner = (slice(i, i + length) for i, length in zip(place, block, strict=True))
        covered[sample, channel][tuple(corner)] = True

    assert torch.equal(_cover(starts, block), covered)


@pytest.mark.parametrize("block_size", [4, (2, 5), (1, 9), 1])
def test_every_dropped_element_lies_in_a_whole_dropped_block(
    block_size: int | tuple[int, int],
) -> None:
    y = drop_block2d(
        torch.ones(8, 4, 9, 10), 0.3, block_size, training=True, generator=_generator()
    )
    height, width = block_size if isinstance(block_size, tuple) else (block_size, block_size)
    windows = (y == 0).unfold(2, height, 1).unfold(3, width, 1).flatten(4).all(4)

    assert torch.equal(_cover(windows, (height, width)), y == 0)


def test_a_block_larger_than_the_map_is_cut_to_it() -> None:
    x = torch.ones(4, 6, 3, 8)
    large, cut = (
        drop_block2d(x, 0.3, block_size, training=True, generator=_generator())
        for block_size in ((7, 5), (3, 5))
    )

    assert torch.equal(large, cut)


def test_channels_have_masks_of_their_own_or_share_one() -> None:
    x = torch.ones(64, 2, 12, 12)
    own, shared = (
        drop_block2d(x, 0.3, 3, training=True, per_channel=per_channel, generator=_generator()) == 0
        for per_channel in (True, False)
    )
    correlation = torch.corrcoef(own.transpose(0, 1).flatten(1).double())[0, 1].item()

    assert torch.equal(shared[:, 0], shared[:, 1])
    # Within a block's reach, 5 x 5, elements are correlated: at most 25 times the variance.
    assert abs(correlation) < Z / math.sqrt(64 * 12 * 12 / 5**2)


@pytest.mark.parametrize("scale", ["train", "eval"])
def test_kept_elements_are_scaled_by_the_expected_share(scale: str) -> None:
    x, p = torch.ones(2, 3, 9, 9, dtype=torch.float64), 0.2
    share = float(start_rate(p, (4, 4), (9, 9), x)[1])
    trained, evaluated = (
        drop_block2d(x, p, 4, training=training, scale=scale, generator=_generator())  # type: ignore[arg-type]
        for training in (True, False)
    )
    expected = (1 / share, 1.0) if scale == "train" else (1.0, share)

    assert set(trained.flatten().tolist()) == {0.0, expected[0]}
    assert set(evaluated.flatten().tolist()) == {expected[1]}


def test_a_sample_is_scaled_by_the_count_in_its_own_mask() -> None:
    x = torch.rand(16, 3, 9, 9, dtype=torch.float64) + 1
    y = drop_block2d(x, 0.2, 4, training=True, scale="count", generator=_generator())
    shares = (y != 0).flatten(1).double().mean(1).reshape(-1, 1, 1, 1)

    assert torch.allclose(y, torch.where(y != 0, x / shares, 0.0))


@pytest.mark.parametrize("scale", ["train", "count"])
def test_large_maps_in_float16_are_not_zeroed(scale: str) -> None:
    """torchvision 0.29.1 sums its mask in float16, which overflows beyond 65504."""
    x = torch.ones(1, 80, 32, 32, dtype=torch.float16)
    y = drop_block2d(x, 0.1, 7, training=True, scale=scale, generator=_generator())  # type: ignore[arg-type]
    z = drop_block2d(x.float(), 0.1, 7, training=True, scale=scale, generator=_generator())  # type: ignore[arg-type]

    assert y.isfinite().all()
    assert torch.equal(y, z.half())
    assert (y != 0).any()


@pytest.mark.parametrize("scale", ["train", "count"])
def test_a_sample_comes_out_as_it_would_alone(scale: str) -> None:
    x = torch.rand(4, 3, 9, 9) + 1
    together, alone = (
        drop_block2d(x, 0.4, 3, training=True, scale=scale, generator=_generator())  # type: ignore[arg-type]
        for x in (x, x[:1])
    )

    assert torch.equal(together[:1], alone)


def test_dropped_infinities_and_nans_are_zero() -> None:
    x = torch.tensor([math.nan, math.inf, -math.inf, -1.0]).repeat(2, 3, 8)
    y, ones = (
        drop_block1d(x, 0.5, 3, training=True, generator=_generator())
        for x in (x, torch.ones_like(x))
    )

    assert (ones == 0).any()
    assert (y[ones == 0] == 0).all()


@pytest.mark.parametrize("scale", ["train", "eval", "count"])
def test_p_one_drops_all(scale: str) -> None:
    x = torch.full((2, 3, 9, 8), math.inf)
    y = drop_block2d(x, 1.0, 4, training=True, scale=scale)  # type: ignore[arg-type]

    assert torch.equal(y, torch.zeros_like(x))


@pytest.mark.parametrize("training", [True, False])
@pytest.mark.parametrize("scale", ["train", "eval", "count"])
def test_p_zero_returns_the_input_itself(training: bool, scale: str) -> None:
    x = torch.ones(2, 3, 9, 8)

    assert drop_block2d(x, 0.0, training=training, scale=scale) is x  # type: ignore[arg-type]


@pytest.mark.parametrize("shape", [(0, 3, 9, 9), (2, 3, 0, 9)])
def test_an_empty_tensor_is_returned(shape: tuple[int, ...]) -> None:
    x = torch.empty(shape)

    assert drop_block2d(x, 0.5, training=True) is x


def test_maps_of_one_and_three_axes_are_maps_of_two() -> None:
    x = torch.ones(4, 3, 1, 20)
    expected = drop_block2d(x, 0.3, (1, 4), training=True, generator=_generator())
    line = drop_block1d(x[:, :, 0], 0.3, 4, training=True, generator=_generator())
    volume = drop_block3d(x.unsqueeze(2), 0.3, (1, 1, 4), training=True, generator=_generator())

    assert torch.equal(line, expected[:, :, 0])
    assert torch.equal(volume, expected.unsqueeze(2))


@pytest.mark.filterwarnings("ignore:.*Function.* should not be instantiated:DeprecationWarning")
def test_a_rate_in_a_tensor_changes_without_a_new_graph() -> None:
    torch._dynamo.reset()
    graphs = torch._dynamo.testing.CompileCounterWithBackend("aot_eager")
    x = torch.rand(3, 4, 9, 8) + 0.1

    @torch.compile(fullgraph=True, backend=graphs)
    def compiled(x: Tensor, p: Tensor) -> Tensor:
        return drop_block2d(x, p, 3, training=True)

    counts = set()
    for p in (0.1, 0.6, 0.0, 1.0):
        with torch.random.fork_rng():
            torch.manual_seed(5)
            y = compiled(x, torch.tensor(p, dtype=torch.float64))
        counts.add(graphs.frame_count)
        assert torch.allclose(y, drop_block2d(x, p, 3, training=True, generator=_generator(5)))
    # The first call may hand the backend its one graph twice; later calls hand it none.
    assert len(counts) == 1


def test_members_of_vmap_may_each_have_a_rate() -> None:
    rates = torch.tensor([0.0, 0.3, 1.0], dtype=torch.float64)
    x = torch.ones(3, 20, 3, 9, 9)
    y = torch.func.vmap(lambda x, p: drop_block2d(x, p, 3, training=True), randomness="different")(
        x, rates
    )
    dropped = (y == 0).flatten(1).double().mean(1)

    assert torch.equal(y[0], x[0])
    assert dropped[2] == 1
    assert abs(dropped[1] - 0.3) < Z * deviation(0.3, 3, 9) / math.sqrt(60)


@pytest.mark.parametrize(
    ("function", "shape", "message"),
    [
        (drop_block1d, (2, 3, 4, 5), r"DropBlock1d take .* \(N, C, L\); got 4 axes.*DropBlock2d"),
        (drop_block2d, (3, 4, 5), r"DropBlock2d take .* \(N, C, H, W\).*DropBlock1d.*unsqueeze"),
        (drop_block3d, (2, 3, 4, 5), r"DropBlock3d take .*DropBlock2d.*unsqueeze"),
        (drop_block2d, (3,), r"got 1 axes, \(3,\)\. Reshape it\."),
    ],
)
def test_a_wrong_shape_is_refused_by_name(
    function: Callable[..., Tensor], shape: tuple[int, ...], message: str
) -> None:
    with pytest.raises(SettingError, match=message):
        function(torch.ones(shape), training=True)


@pytest.mark.parametrize("block_size", [0, -1, (3,), (3, 0), (3, 3, 3)])
def test_an_impossible_block_is_refused(block_size: int | tuple[int, int]) -> None:
    with pytest.raises(SettingError, match="block_size is a number of elements"):
        drop_block2d(torch.ones(1, 1, 9, 9), 0.1, block_size, training=False)


def test_an_unknown_scale_is_refused() -> None:
    with pytest.raises(SettingError, match="'train', 'eval' or 'count'; got 'both'"):
        drop_block2d(torch.ones(1, 1, 9, 9), training=True, scale="both")  # type: ignore[arg-type]


def test_integers_are_refused() -> None:
    with pytest.raises(TypeError, match=r"got torch\.int64"):
        drop_block1d(torch.ones(1, 1, 9, dtype=torch.int64), training=True)
