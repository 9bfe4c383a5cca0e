import pytest
import torch
from torch import nn

from torchdrop.errors import SettingError
from torchdrop.nn import Dropout


def test_it_is_found_by_code_that_looks_for_torchs_layer() -> None:
    assert isinstance(Dropout(), nn.Dropout)


def test_arguments_are_those_of_torch_by_position() -> None:
    layer = Dropout(0.2, True)

    assert (layer.p, layer.inplace) == (0.2, True)


def test_a_keep_probability_is_read_as_one() -> None:
    assert Dropout.from_keep_probability(0.8).p == pytest.approx(0.2)


@pytest.mark.parametrize("q", [-0.5, 1.5])
def test_a_keep_probability_out_of_range_is_refused(q: float) -> None:
    with pytest.raises(SettingError, match="probability of keeping"):
        Dropout.from_keep_probability(q)


def test_inplace_writes_into_the_input() -> None:
    x = torch.ones(64)
    y = Dropout(0.5, inplace=True)(x)

    assert y is x
    assert (x == 0).any()


def test_dropped_units_cut_all_weights_into_and_out_of_them() -> None:
    """Chapter point 2: a dropped node takes no part in learning."""
    first, layer, second = nn.Linear(5, 16), Dropout(0.5), nn.Linear(16, 3)
    hidden = layer(first(torch.randn(1, 5)))
    second(hidden).square().sum().backward()
    dropped = hidden.detach().flatten() == 0

    assert first.weight.grad is not None
    assert second.weight.grad is not None
    assert 0 < dropped.sum() < 16
    assert (first.weight.grad[dropped] == 0).all()
    assert (second.weight.grad[:, dropped] == 0).all()
    assert (first.weight.grad[~dropped] != 0).all()
    assert (second.weight.grad[:, ~dropped] != 0).all()


def test_a_changed_rate_is_checked_when_used() -> None:
    layer = Dropout(0.5)
    layer.p = 1.5
    with pytest.raises(SettingError, match=r"got p=1\.5"):
        layer(torch.ones(3))
