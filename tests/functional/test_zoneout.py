import math

import pytest
import torch

from torchdrop.errors import SettingError
from torchdrop.functional import zoneout

Z = 5.0

pytestmark = pytest.mark.usefixtures("each_kernel")


def _generator(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def _states(n: int = 10_000) -> tuple[torch.Tensor, torch.Tensor]:
    return torch.rand(n, generator=_generator(1)) + 1, -torch.rand(n, generator=_generator(2))


def test_each_unit_is_the_new_or_the_old_one_unscaled() -> None:
    new, old = _states()
    h = zoneout(new, old, 0.3, training=True, generator=_generator())

    assert ((h == new) | (h == old)).all()


@pytest.mark.parametrize("p", [0.05, 0.3, 0.9])
def test_p_is_the_share_of_units_that_keep_their_old_value(p: float) -> None:
    new, old = _states()
    h = zoneout(new, old, p, training=True, generator=_generator())
    share = (h == old).double().mean().item()

    assert abs(share - p) < Z * math.sqrt(p * (1 - p) / len(new))


def test_evaluation_is_the_expectation() -> None:
    new, old = (state.double() for state in _states())

    torch.testing.assert_close(zoneout(new, old, 0.3, training=False), 0.3 * old + 0.7 * new)


def test_the_mean_over_masks_is_the_value_in_evaluation() -> None:
    new, old, n, p = torch.ones(1), -torch.ones(1), 1 << 16, 0.3
    drawn = zoneout(new.expand(n), old.expand(n), p, training=True, generator=_generator())
    bound = Z * 2 * math.sqrt(p * (1 - p) / n)

    assert abs(drawn.mean() - zoneout(new, old, p, training=False)) < bound


def test_p_zero_is_the_new_state_itself_and_p_one_the_old_one() -> None:
    new, old = _states()

    assert zoneout(new, old, 0.0, training=True) is new
    assert zoneout(new, old, 0.0, training=False) is new
    assert torch.equal(zoneout(new, old, 1.0, training=True), old)
    assert torch.equal(zoneout(new, old, 1.0, training=False), old)


def test_the_gradient_goes_to_the_value_that_was_taken() -> None:
    new, old = (state.requires_grad_() for state in _states())
    h = zoneout(new, old, 0.3, training=True, generator=_generator())
    gradients = torch.autograd.grad(h.sum(), (new, old))

    assert torch.equal(gradients[0], (h == new).float())
    assert torch.equal(gradients[1], (h == old).float())


def test_a_value_that_was_not_taken_may_be_nan() -> None:
    new, old = torch.full((1000,), math.nan), torch.ones(1000)
    h = zoneout(new, old, 0.5, training=True, generator=_generator())

    assert ((h == 1) | h.isnan()).all()
    assert (h == 1).any()


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16])
def test_evaluation_in_16_bits_is_rounded_once(dtype: torch.dtype) -> None:
    new, old = (state.to(dtype) for state in _states())
    expected = zoneout(new.float(), old.float(), 0.3, training=False).to(dtype)

    assert torch.equal(zoneout(new, old, 0.3, training=False), expected)


@pytest.mark.parametrize("training", [True, False])
def test_a_rate_in_a_tensor_is_one_in_a_number(training: bool) -> None:
    new, old = _states()
    rates = 0.3, torch.tensor(0.3, dtype=torch.float64)
    first, second = (zoneout(new, old, p, training=training, generator=_generator()) for p in rates)

    assert torch.equal(first, second)


def test_states_of_two_shapes_are_refused() -> None:
    with pytest.raises(SettingError, match=r"got \(2, 3\) and \(3,\)"):
        zoneout(torch.ones(2, 3), torch.ones(3), training=True)
