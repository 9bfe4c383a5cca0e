import pytest
import torch
from torch import nn

from torchdrop.errors import SettingError
from torchdrop.functional import drop_block2d
from torchdrop.nn import DropBlock1d, DropBlock2d, DropBlock3d


def _seeded(layer: nn.Module, x: torch.Tensor) -> torch.Tensor:
    with torch.random.fork_rng():
        torch.manual_seed(0)
        y: torch.Tensor = layer(x)
    return y


def test_the_layer_is_the_function_with_its_settings() -> None:
    x = torch.ones(4, 3, 9, 9)
    layer = DropBlock2d(0.3, (2, 3), per_channel=False, scale="count")
    expected = drop_block2d(
        x,
        0.3,
        (2, 3),
        training=True,
        per_channel=False,
        scale="count",
        generator=torch.Generator().manual_seed(0),
    )

    assert torch.equal(_seeded(layer, x), expected)


def test_in_place_writes_into_the_input() -> None:
    x = torch.ones(4, 3, 9, 9)
    expected = _seeded(DropBlock2d(0.3, 3), x)
    y = _seeded(DropBlock2d(0.3, 3, True), x)

    assert y is x
    assert torch.equal(x, expected)


@pytest.mark.parametrize(
    ("layer", "text"),
    [
        (DropBlock1d(), "DropBlock1d(p=0.1, block_size=7)"),
        (
            DropBlock2d(0.2, (3, 4), True, per_channel=False),
            "DropBlock2d(p=0.2, block_size=(3, 4), inplace=True, per_channel=False)",
        ),
        (DropBlock3d(0.2, 3, scale="count"), "DropBlock3d(p=0.2, block_size=3, scale='count')"),
    ],
)
def test_repr_shows_what_was_set(layer: nn.Module, text: str) -> None:
    assert repr(layer) == text


def test_impossible_settings_are_refused_when_the_layer_is_built() -> None:
    with pytest.raises(SettingError, match="block_size"):
        DropBlock2d(0.1, 0)
    with pytest.raises(SettingError, match="a tuple of 3"):
        DropBlock3d(0.1, (3, 3))
    with pytest.raises(SettingError, match="scale"):
        DropBlock1d(scale="batch")  # type: ignore[arg-type]
