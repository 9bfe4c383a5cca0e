import copy

import pytest
import torch
from torch import nn

from torchdrop import networks
from torchdrop.errors import ModelError, SettingError
from torchdrop.nn import ThinnedSequential
from torchdrop.surgery import convert_, thin, thin_


class _Block(nn.Module):
    """The feed-forward half of a transformer block."""

    def __init__(self) -> None:
        super().__init__()
        self.norm = nn.LayerNorm(8)
        self.mlp = nn.Sequential(
            *(nn.Linear(8, 32), nn.GELU(), nn.Dropout(0.5), nn.Linear(32, 8), nn.Dropout(0.1))
        )

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        y: torch.Tensor = x + self.mlp(self.norm(x))
        return y


def test_the_chapters_network_is_thinned_in_all_its_layers() -> None:
    model = networks.mlp(300, 200, 100, 50, 10, p=0.3)
    changes = thin_(model)

    assert type(model) is ThinnedSequential
    assert [change.why for change in changes] == [
        "units dropped by 2 (p=0.3), 5 (p=0.3), 8 (p=0.3) are not computed"
    ]


def test_objects_names_and_evaluation_stay() -> None:
    model = _Block()
    mlp, before, x = model.mlp, copy.deepcopy(model), torch.randn(2, 5, 8)
    thin_(model)

    assert model.mlp is mlp
    assert list(model.state_dict()) == list(before.state_dict())
    assert torch.equal(model.eval()(x), before.eval()(x))


def test_in_training_rows_share_their_units() -> None:
    model = thin(_Block(), 0.9)
    model.mlp[4].p = 0.0  # type: ignore[assignment]
    y = model.mlp(torch.randn(1, 8).expand(64, 8))

    assert torch.allclose(y, y[:1].expand_as(y))
    assert not torch.allclose(y, model.eval().mlp(torch.randn(1, 8)))


def test_small_chains_step_aside_unless_always_is_asked_for() -> None:
    aside, always = thin(_Block()), thin(_Block(), always=True)

    assert aside.mlp.thins(8) == ()  # type: ignore[operator]
    assert always.mlp.thins(8) == ("2",)  # type: ignore[operator]
    assert "thins 2 from" in repr(aside)


def test_a_copy_leaves_the_model_alone_and_a_dry_run_too() -> None:
    model = _Block()
    assert type(thin(model).mlp) is ThinnedSequential
    assert len(thin_(model, dry_run=True)) == 1
    assert type(model.mlp) is nn.Sequential


def test_p_can_be_given_and_converted_layers_stay_thinned() -> None:
    model = _Block()
    thin_(model, 0.25)
    convert_(model)

    assert model.mlp[2].p == 0.25
    assert model.mlp[4].p == 0.1
    assert type(model.mlp) is ThinnedSequential


def test_what_cannot_be_thinned_is_refused() -> None:
    with pytest.raises(ModelError, match="no chain to thin"):
        thin_(nn.Sequential(nn.Linear(4, 4), nn.Dropout(0.5)))
    with pytest.raises(SettingError):
        thin_(_Block(), 1.5)
