from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import torch
import torch.distributed as dist

from torchdrop.errors import SettingError
from torchdrop.modes import manual_seed_per_rank, seed_per_rank


@pytest.fixture
def group(tmp_path: Path) -> Iterator[None]:
    dist.init_process_group("gloo", init_method=f"file://{tmp_path}/s", rank=0, world_size=1)
    yield
    dist.destroy_process_group()


def test_data_ranks_differ_and_tensor_ranks_agree() -> None:
    seeds = [[seed_per_rank(0, data=d, tensor=t) for t in range(4)] for d in range(8)]

    assert all(len(set(row)) == 1 for row in seeds)
    assert len({row[0] for row in seeds}) == 8


def test_what_is_sharded_differs_on_every_rank_and_from_what_is_not() -> None:
    sharded = {seed_per_rank(0, data=d, tensor=t, sharded=True) for d in range(8) for t in range(8)}
    shared = {seed_per_rank(0, data=d) for d in range(8)}

    assert len(sharded | shared) == 64 + 8


def test_neighboring_runs_share_no_stream() -> None:
    """Adding rank to seed makes run 0, rank 1 equal run 1, rank 0."""
    seeds = {seed_per_rank(seed, data=data) for seed in range(100) for data in range(100)}

    assert len(seeds) == 100 * 100


def test_seeds_lie_in_range_and_use_it() -> None:
    seeds = [seed_per_rank(0, data=data) for data in range(1000)]

    assert all(0 <= seed < 2**62 for seed in seeds)
    assert max(seeds) > 2**61


def test_the_same_seed_on_every_machine() -> None:
    """SplitMix64 by numpy's wrapping arithmetic, written again from the paper's listing."""

    def mixed(number: np.uint64) -> np.uint64:
        word = number + np.uint64(0x9E3779B97F4A7C15)
        word = (word ^ (word >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
        word = (word ^ (word >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
        last: np.uint64 = word ^ (word >> np.uint64(31))
        return last

    with np.errstate(over="ignore"):
        word = mixed(np.uint64(5))
        for number in (3, 0):
            word = mixed(word ^ np.uint64(number))

    assert seed_per_rank(5, data=3) == int(word >> np.uint64(2))


def test_masks_differ_and_agree_once_applied() -> None:
    masks = {}
    for data, tensor in ((0, 0), (0, 1), (1, 0)):
        manual_seed_per_rank(7, data=data, tensor=tensor)
        masks[data, tensor] = torch.nn.Dropout()(torch.ones(1000))

    assert torch.equal(masks[0, 0], masks[0, 1])
    assert not torch.equal(masks[0, 0], masks[1, 0])


@pytest.mark.usefixtures("group")
def test_a_rank_is_read_from_a_process_group() -> None:
    world = dist.group.WORLD
    assert world is not None

    assert seed_per_rank(3, data=world) == seed_per_rank(3, data=0)


@pytest.mark.parametrize(("seed", "data", "tensor"), [(-1, 0, 0), (0, -1, 0), (0, 0, -1)])
def test_negative_numbers_are_refused(seed: int, data: int, tensor: int) -> None:
    with pytest.raises(SettingError, match="at least 0"):
        seed_per_rank(seed, data=data, tensor=tensor)
