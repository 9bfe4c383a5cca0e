import math

import pytest
import torch
from torch import Tensor

from torchdrop.functional import dropout, standout
from torchdrop.kernels import keep_probability

Z = 5.0

pytestmark = pytest.mark.usefixtures("each_kernel")


def _generator(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def test_each_element_is_kept_by_its_own_probability() -> None:
    n = 1 << 16
    scores = torch.tensor([-3.0, -0.5, 0.0, 2.0])
    y = standout(torch.ones(n, 4), scores, training=True, generator=_generator())
    keep = 1 / (1 + (-scores.double()).exp())
    rates = (y != 0).double().mean(0)

    assert ((rates - keep).abs() < Z * (keep * (1 - keep) / n).sqrt()).all()
    assert set(y.flatten().tolist()) == {0.0, 1.0}


def test_equal_scores_are_classic_dropout_with_the_same_mask() -> None:
    x, p = torch.rand(4096) + 1, 0.3
    scores = torch.tensor(math.log(0.7 / 0.3), dtype=torch.float64)
    y = standout(x, scores, training=True, generator=_generator())

    assert torch.equal(y, dropout(x, p, training=True, scale="eval", generator=_generator()))
    evaluated = standout(x, scores, training=False)
    assert torch.allclose(evaluated, x * keep_probability(p))


def test_evaluation_is_the_expectation_of_training() -> None:
    n = 1 << 16
    x, scores = torch.tensor([2.0, -1.0, 5.0]), torch.tensor([1.0, 0.0, -2.0])
    y = standout(x.expand(n, 3), scores, training=True, generator=_generator()).double()
    keep = torch.sigmoid(scores)
    bound = Z * x.abs() * (keep * (1 - keep) / n).sqrt()

    assert ((y.mean(0) - standout(x, scores, training=False)).abs() < bound).all()


def test_dropped_infinities_are_zero_and_certain_scores_are_obeyed() -> None:
    x = torch.tensor([math.inf, math.nan, 3.0])
    scores = torch.tensor([-math.inf, -1e4, math.inf])

    for training in (True, False):
        assert standout(x, scores, training=training).tolist() == [0.0, 0.0, 3.0]


def test_gradients_are_zero_where_dropped_and_scores_get_none_from_a_draw() -> None:
    x = torch.ones(500, requires_grad=True)
    scores = torch.zeros(500, requires_grad=True)
    y = standout(x, scores, training=True)
    gradient, none = torch.autograd.grad(y.sum(), (x, scores), allow_unused=True)

    assert torch.equal(gradient, y.detach())
    assert none is None


def test_gradients_are_those_of_finite_differences() -> None:
    x, scores = (torch.randn(4, 3, dtype=torch.float64, requires_grad=True) for _ in range(2))

    def function(x: Tensor) -> Tensor:
        return standout(x, scores, training=True, generator=_generator())

    assert torch.autograd.gradcheck(function, (x,))
    assert torch.autograd.gradcheck(lambda x, s: standout(x, s, training=False), (x, scores))


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16])
def test_low_precision_is_rounded_once(dtype: torch.dtype) -> None:
    x, scores = torch.rand(100).to(dtype), torch.randn(100).to(dtype)
    wide = standout(x.float(), scores.float(), training=False)

    assert torch.equal(standout(x, scores, training=False), wide.to(dtype))
