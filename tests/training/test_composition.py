"""A member's bits do not depend on who else is in its stack, nor on the number of threads."""

from collections.abc import Iterator, Sequence

import pytest
import torch

from torchdrop import networks
from torchdrop.data import Part
from torchdrop.training import Objective, Stack, Track, TrainingSettings, fit_stack

SETTINGS = {name: TrainingSettings(epochs=3, optimizer=name, lr=0.02) for name in ("adam", "sgd")}
RATES = (0.0, 0.2, 0.5, 0.0, 0.2, 0.5)


@pytest.fixture
def _threads() -> Iterator[None]:
    before = torch.get_num_threads()
    yield
    torch.set_num_threads(before)


def _part(rows: int) -> Part:
    x = torch.randn(rows, 64, generator=torch.Generator().manual_seed(rows))
    return Part(x, (x[:, :32].sum(1) > 0).long())


def _seeded(seed: int) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def _trained(members: Sequence[int], optimizer: str, threads: int) -> list[Track]:
    torch.set_num_threads(threads)
    models = []
    for number in members:
        with torch.random.fork_rng():
            torch.manual_seed(number)
            models.append(networks.mlp(64, 48, 20, 10, p=RATES[number]))
    tracks = [Track(_seeded(number), _seeded(100 + number)) for number in members]
    train, validation = _part(300), _part(77)
    stack = Stack(models, train.x[:4])
    fit_stack(*(stack, tracks, train, validation, Objective("classification")), SETTINGS[optimizer])
    return tracks


@pytest.mark.usefixtures("_threads")
@pytest.mark.parametrize("optimizer", SETTINGS)
def test_a_member_comes_out_the_same_in_any_stack(optimizer: str) -> None:
    whole = _trained(range(6), optimizer, threads=1)
    for threads in (1, 2):
        for stacks in ([range(6)], [(0, 1), (2, 3, 4, 5)], [(0, 1, 2), (3, 4, 5)], [(0,), (4,)]):
            for members in stacks:
                tracks = _trained(members, optimizer, threads)
                for number, track in zip(members, tracks, strict=True):
                    _assert_equal(track, whole[number])


def _assert_equal(one: Track, other: Track) -> None:
    for name, value in one.best.items():
        assert torch.equal(value, other.best[name]), name
    for a, b in zip(one.epochs, other.epochs, strict=True):
        assert (a.noisy_training_loss, a.training_loss) == (b.noisy_training_loss, b.training_loss)
        assert a.validation_loss == b.validation_loss
