import pytest
import torch
from torch import nn

from torchdrop.errors import SettingError
from torchdrop.nn import Dropout1d, Dropout2d, Dropout3d

TWINS = [(Dropout1d, nn.Dropout1d), (Dropout2d, nn.Dropout2d), (Dropout3d, nn.Dropout3d)]
each_twin = pytest.mark.parametrize(("ours", "theirs"), TWINS)


def _input(layer: type[nn.Module]) -> torch.Tensor:
    spatial = [twin[0] for twin in TWINS].index(layer) + 1  # type: ignore[arg-type]
    return torch.ones(8, 16, *[2] * spatial)


@each_twin
def test_it_is_found_by_code_that_looks_for_torchs_layer(
    ours: type[Dropout1d], theirs: type[nn.Module]
) -> None:
    assert isinstance(ours(), theirs)


@each_twin
def test_arguments_and_repr_are_those_of_torch(
    ours: type[Dropout1d], theirs: type[nn.Dropout1d]
) -> None:
    layer = ours(0.2, True)

    assert (layer.p, layer.inplace, layer.batched) == (0.2, True, True)
    assert repr(layer) == repr(theirs(0.2, True))
    assert "batched=False" in repr(ours(batched=False))


@each_twin
def test_inplace_writes_into_the_input(ours: type[Dropout1d], theirs: type[nn.Module]) -> None:
    x = _input(ours)

    assert ours(0.5, inplace=True)(x) is x
    assert (x == 0).any()


@each_twin
def test_a_rank_that_does_not_fit_is_refused_in_both_modes(
    ours: type[Dropout1d], theirs: type[nn.Module]
) -> None:
    for mode in (True, False):
        with pytest.raises(SettingError, match="Use "):
            ours().train(mode)(torch.ones(3, 4))


@each_twin
def test_an_unbatched_input_is_taken_where_it_is_announced(
    ours: type[Dropout1d], theirs: type[nn.Module]
) -> None:
    y = ours(0.5, batched=False)(_input(ours)[0]).flatten(1)

    assert (y == y[:, :1]).all()
