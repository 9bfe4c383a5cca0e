import pytest
from torch import nn

from torchdrop import networks
from torchdrop.tuning import Layout
from torchdrop.tuning._layout import layout_of


@pytest.mark.parametrize("fuse", [False, True])
def test_the_chapters_network_is_read(fuse: bool) -> None:
    model = networks.mlp(300, 200, 100, 50, 10, p=0.3, fuse=fuse)

    assert layout_of(model) == Layout((300, 200, 100, 50, 10), (False, True, True, True, False))


def test_dropout_before_the_first_layer_belongs_to_no_hidden_layer() -> None:
    model = nn.Sequential(nn.Dropout(), nn.Linear(3, 2))

    assert layout_of(model) == Layout((3, 2), (False, False))


def test_other_models_have_no_layout() -> None:
    assert layout_of(nn.Sequential(nn.Conv2d(1, 2, 3), nn.Flatten(), nn.Linear(2, 2))) is None
    assert layout_of(nn.Linear(3, 2)) is None
    assert layout_of(nn.Sequential(nn.ReLU())) is None
