import pytest
import torch

from torchdrop.errors import SettingError
from torchdrop.nn import DropPath, StochasticDepth


def test_a_layer_without_a_rate_drops_nothing() -> None:
    x = torch.ones(8, 3)

    assert DropPath()(x) is x


def test_both_classes_draw_the_same_mask() -> None:
    x, ys = torch.ones(64, 3), []
    for layer in (DropPath(0.3, "row"), StochasticDepth(0.3, "row")):
        with torch.random.fork_rng():
            torch.manual_seed(0)
            ys.append(layer(x))

    assert torch.equal(*ys)
    assert isinstance(layer, DropPath)


def test_timms_second_argument_is_refused() -> None:
    """There it says whether to rescale; taken for a mode it would go unnoticed."""
    with pytest.raises(SettingError, match="got True"):
        DropPath(0.1, True)  # type: ignore[arg-type]


@pytest.mark.parametrize("settings", [{"p": 1.5}, {"mode": "rows"}, {"scale": "both"}])
def test_impossible_settings_are_refused_when_the_layer_is_built(settings: dict[str, str]) -> None:
    with pytest.raises(SettingError):
        DropPath(**settings)  # type: ignore[arg-type]


def test_repr_shows_what_was_set() -> None:
    assert repr(DropPath(0.1, scale="eval")) == "DropPath(p=0.1, mode='row', scale='eval')"
