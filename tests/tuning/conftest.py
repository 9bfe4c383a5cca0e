from collections.abc import Callable, Sequence

import pytest
import torch

from torchdrop.data import Dataset, from_arrays
from torchdrop.training import Epoch, History
from torchdrop.tuning import Member

MakeMember = Callable[..., Member]


@pytest.fixture
def make_member() -> MakeMember:
    """Build a member from its validation losses, epoch by epoch."""

    def make(
        p: float, seed: int, validation: Sequence[float], training: Sequence[float] | None = None
    ) -> Member:
        losses = zip(training or validation, validation, strict=True)
        epochs = tuple(Epoch(i, t, t, v, 0.9, 1.0) for i, (t, v) in enumerate(losses, start=1))
        return Member(p, seed, History(epochs), test_loss=validation[-1], test_accuracy=0.9)

    return make


@pytest.fixture
def small_data() -> Dataset:
    """Three clouds of points in the plane: 150 rows."""
    generator = torch.Generator().manual_seed(0)
    y = torch.arange(150) % 3
    x = torch.randn(150, 2, generator=generator) + 1.5 * torch.stack((y, -y), dim=1)
    return from_arrays(x, y, name="clouds")
