import copy
from typing import Any

import pytest
import torch
from torch import Tensor, nn

from torchdrop import networks
from torchdrop.data import Part
from torchdrop.errors import ModelError
from torchdrop.training import Objective, Snapshot, TrainingSettings, fit


class _Counting(nn.Module):
    """Keeps a buffer that `state_dict` leaves out, and shares a weight."""

    seen: Tensor

    def __init__(self) -> None:
        super().__init__()
        self.first, self.drop, self.norm = nn.Linear(2, 2), nn.Dropout(0.3), nn.BatchNorm1d(2)
        self.second = nn.Linear(2, 2)
        self.second.weight = self.first.weight
        self.register_buffer("seen", torch.zeros(()), persistent=False)

    def forward(self, x: Tensor) -> Tensor:
        if self.training:
            self.seen += 1.0
        result: Tensor = self.second(self.drop(self.norm(self.first(x)))) / (1 + self.seen / 100)
        return result


def _fit(
    model: nn.Module, part: Part, **more: Any
) -> tuple[list[tuple[float, float]], list[Snapshot]]:
    snapshots: list[Snapshot] = []
    settings = TrainingSettings(epochs=6, batch_size=16, lr=0.01, patience=5)
    with torch.random.fork_rng():
        torch.manual_seed(1)
        history = fit(
            *(model, part, part, Objective("classification"), settings),
            order=torch.Generator().manual_seed(2),
            on_pause=lambda take: snapshots.append(take()),
            **more,
        )
    return [(e.noisy_training_loss, e.validation_loss) for e in history.epochs], snapshots


@pytest.mark.parametrize("epoch", [1, 3, 5])
def test_training_goes_on_from_a_snapshot_to_the_same_bits(blobs: Part, epoch: int) -> None:
    model = _Counting()
    again = copy.deepcopy(model)
    whole, snapshots = _fit(model, blobs)
    resumed, later = _fit(again, blobs, start=snapshots[epoch - 1])

    assert resumed == whole
    assert len(snapshots) == 5
    assert len(later) == 5 - epoch
    assert torch.equal(again.seen, model.seen)
    for name, value in model.state_dict().items():
        assert torch.equal(again.state_dict()[name], value)


def test_a_snapshot_is_a_copy(blobs: Part) -> None:
    model = networks.mlp(2, 8, 2, p=0.5)
    _, snapshots = _fit(model, blobs)
    names = snapshots[0].part("model")

    assert set(names) == set(model.state_dict())
    assert not torch.equal(names["0.weight"], snapshots[4].part("model")["0.weight"])


def test_a_snapshot_of_another_network_is_refused_before_anything_changes(blobs: Part) -> None:
    _, snapshots = _fit(networks.mlp(2, 8, 2, p=0.5), blobs)
    other = networks.mlp(2, 9, 2, p=0.5)
    before = copy.deepcopy(other.state_dict())
    with pytest.raises(ModelError, match=r"0.bias is \(9,\), was \(8,\)"):
        _fit(other, blobs, start=snapshots[0])

    assert all(map(torch.equal, before.values(), other.state_dict().values()))
