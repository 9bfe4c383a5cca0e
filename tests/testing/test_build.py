"""A module is built again at another rate, where that can be done without guessing."""

import pytest
from torch import nn

from torchdrop.nn import ConcreteDropout, DropBlock2d
from torchdrop.testing._build import builder


def test_settings_are_kept() -> None:
    build = builder(DropBlock2d(0.1, 5, per_channel=False), 0.1)

    assert build is not None
    assert repr(build(0.3)) == "DropBlock2d(p=0.3, block_size=5, per_channel=False)"


def test_a_learned_rate_is_told_from_another_setting_of_the_same_value() -> None:
    build = builder(ConcreteDropout(0.1, temperature=0.1), 0.1)

    assert build is not None
    other = build(0.4)
    assert isinstance(other, ConcreteDropout)
    assert (round(other.p.item(), 6), other.temperature) == (0.4, 0.1)


@pytest.mark.parametrize(
    "subject",
    [nn.Sequential(nn.Dropout(0.1)), nn.Dropout(0.2), lambda x, training: x],
    ids=["no rate", "another rate", "a function"],
)
def test_nothing_is_guessed(subject: nn.Module) -> None:
    assert builder(subject, 0.1) is None
