import math

import pytest
import torch

from torchdrop.errors import SettingError
from torchdrop.functional import dropout, locked_dropout

Z = 5.0

pytestmark = pytest.mark.usefixtures("each_kernel")


def _generator(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def test_every_time_step_has_the_same_mask() -> None:
    y = locked_dropout(torch.ones(7, 6, 50), 0.5, training=True, generator=_generator())

    assert (y == y[:1]).all()
    assert 0 < (y == 0).float().mean() < 1


def test_batch_first_says_which_axis_is_time() -> None:
    y = locked_dropout(
        torch.ones(6, 7, 50), 0.5, training=True, batch_first=True, generator=_generator()
    )

    assert (y == y[:, :1]).all()
    assert not (y == y[:1]).all()


def test_both_orders_have_the_same_masks() -> None:
    x = torch.randn(7, 6, 50)
    y = locked_dropout(x, 0.3, training=True, generator=_generator())
    z = locked_dropout(
        x.transpose(0, 1), 0.3, training=True, batch_first=True, generator=_generator()
    )

    assert torch.equal(y, z.transpose(0, 1))


def test_samples_and_features_are_dropped_apart() -> None:
    p, n = 0.4, 200
    y = locked_dropout(torch.ones(2, n, n), p, training=True, generator=_generator())
    dropped = (y[0] == 0).double() - p
    bound = Z * p * (1 - p) / n  # of a mean of n * n products of two independent draws

    assert abs(dropped.mean()) < Z * math.sqrt(p * (1 - p)) / n
    assert abs((dropped[1:] * dropped[:-1]).mean()) < bound * 1.01
    assert abs((dropped[:, 1:] * dropped[:, :-1]).mean()) < bound * 1.01


def test_it_is_dropout_along_batch_and_features() -> None:
    x = torch.randn(7, 6, 50)
    expected = dropout(x, 0.3, training=True, dims=(1, 2), generator=_generator())

    assert torch.equal(locked_dropout(x, 0.3, training=True, generator=_generator()), expected)


def test_p_one_gives_zeros() -> None:
    x = torch.full((3, 2, 4), math.inf)

    assert (locked_dropout(x, 1.0, training=True) == 0).all()


@pytest.mark.parametrize(
    ("batch_first", "wanted"),
    [(False, r"\(time, batch, features\)"), (True, r"\(batch, time, features\)")],
)
@pytest.mark.parametrize("training", [True, False])
def test_another_rank_is_refused_by_what_was_wanted(
    batch_first: bool, wanted: str, training: bool
) -> None:
    with pytest.raises(SettingError, match=wanted + r"; got shape \(3, 4\)"):
        locked_dropout(torch.ones(3, 4), training=training, batch_first=batch_first)
