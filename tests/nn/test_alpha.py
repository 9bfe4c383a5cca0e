import pytest
import torch
from torch import nn

from torchdrop.errors import SettingError
from torchdrop.nn import AlphaDropout, FeatureAlphaDropout

TWINS = [(AlphaDropout, nn.AlphaDropout), (FeatureAlphaDropout, nn.FeatureAlphaDropout)]
each_twin = pytest.mark.parametrize(("ours", "theirs"), TWINS)


@each_twin
def test_it_is_torchs_layer_with_torchs_arguments(
    ours: type[AlphaDropout], theirs: type[nn.AlphaDropout]
) -> None:
    layer = ours(0.2, True)

    assert isinstance(layer, theirs)
    assert (layer.p, layer.inplace) == (0.2, True)
    assert repr(layer) == repr(theirs(0.2, True))


@each_twin
def test_inplace_writes_into_the_input_which_torch_forgets(
    ours: type[AlphaDropout], theirs: type[nn.AlphaDropout]
) -> None:
    x, y = torch.ones(8, 16, 2), torch.ones(8, 16, 2)

    assert theirs(0.5, True)(x) is not x
    assert ours(0.5, True)(y) is y
    assert (y != 1).all()


def test_an_unbatched_input_is_taken_where_it_is_announced() -> None:
    layer = FeatureAlphaDropout(0.5, batched=False)
    y = layer(torch.ones(100, 3))

    assert "batched=False" in repr(layer)
    assert (y == y[:, :1]).all()
    assert not (y == y[:1]).all()
    with pytest.raises(SettingError, match="batched=False"):
        FeatureAlphaDropout(0.5)(torch.ones(100, 3))
