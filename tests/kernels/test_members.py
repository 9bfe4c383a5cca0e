"""A stack of tensors, each with a seed and a rate of its own, against the members alone."""

import pytest
import torch
from torch import Tensor
from torch._dynamo.testing import CompileCounterWithBackend

from torchdrop import functional
from torchdrop.kernels import keep_threshold, masked_scale, masked_scale_members, using

SEEDS = torch.tensor([5, 6, 7, 8])
RATES = torch.tensor([0.0, 0.25, 0.7, 1.0], dtype=torch.float64)
FACTORS = torch.tensor([1.0, 4 / 3, 2.0, 1.0], dtype=torch.float64)


def _stack(x: Tensor) -> Tensor:
    return masked_scale_members(x, SEEDS, keep_threshold(RATES), FACTORS)


def _alone(x: Tensor) -> Tensor:
    members = zip(x, SEEDS.tolist(), RATES.tolist(), FACTORS.tolist(), strict=True)
    return torch.stack([masked_scale(*member) for member in members])


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16, torch.float32, torch.float64])
@pytest.mark.parametrize("shape", [(1,), (17, 3), (50_001,), (0, 3)])
def test_a_member_is_masked_as_it_is_alone(
    each_instruction_set: str, dtype: torch.dtype, shape: tuple[int, ...]
) -> None:
    x = torch.randn(4, *shape).to(dtype)
    with using("torch"):
        expected = _alone(x)
    with using(each_instruction_set):
        assert torch.equal(_stack(x), expected)
        assert torch.equal(_alone(x), expected)


@pytest.mark.usefixtures("each_kernel")
def test_a_members_mask_does_not_depend_on_the_stack() -> None:
    x = torch.randn(4, 300)
    two = masked_scale_members(x[1:3], SEEDS[1:3], keep_threshold(RATES[1:3]), FACTORS[1:3])

    assert torch.equal(_stack(x)[1:3], two)


@pytest.mark.usefixtures("each_kernel")
def test_vmap_takes_a_rate_and_a_seed_for_each_member() -> None:
    x = torch.randn(4, 300)
    batched = torch.func.vmap(masked_scale)(x, SEEDS.reshape(4, 1), RATES, FACTORS)

    assert torch.equal(batched, _alone(x))


@pytest.mark.usefixtures("each_kernel")
def test_vmap_of_dropout_takes_a_rate_for_each_member() -> None:
    x = torch.ones(3, 4000)
    rates = torch.tensor([0.0, 0.5, 1.0], dtype=torch.float64)
    y = torch.func.vmap(
        lambda x, p: functional.dropout(x, p, training=True), randomness="different"
    )(x, rates)

    assert torch.equal(y[0], x[0])
    assert set(y[1].tolist()) == {0.0, 2.0}
    assert not y[2].any()


@pytest.mark.usefixtures("each_kernel")
def test_nested_batches_are_a_longer_stack() -> None:
    x = torch.randn(2, 4, 50)
    function = torch.func.vmap(masked_scale, in_dims=(0, 0, 0, 0))
    nested = torch.func.vmap(function, in_dims=(0, None, None, None))(
        x, SEEDS.reshape(4, 1), RATES, FACTORS
    )

    assert torch.equal(nested, torch.stack([_alone(part) for part in x]))


@pytest.mark.usefixtures("each_kernel")
def test_gradients_are_those_of_finite_differences() -> None:
    x = torch.randn(4, 9, dtype=torch.float64, requires_grad=True)

    assert torch.autograd.gradcheck(lambda x: _stack(x) ** 2, (x,))
    assert torch.autograd.gradgradcheck(lambda x: _stack(x) ** 2, (x,))


@pytest.mark.usefixtures("each_kernel")
def test_the_operation_keeps_torchs_rules() -> None:
    operation = torch.ops.torchdrop.masked_scale_members.default
    x = torch.randn(4, 5, 6)

    torch.library.opcheck(operation, (x, SEEDS, keep_threshold(RATES), FACTORS))
    torch.library.opcheck(operation, (x.mT, SEEDS, keep_threshold(RATES), FACTORS))


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
@pytest.mark.usefixtures("each_kernel")
def test_a_compiled_rate_may_change_without_a_new_graph() -> None:
    torch._dynamo.reset()
    frames = CompileCounterWithBackend("aot_eager")

    def function(x: Tensor, p: Tensor) -> Tensor:
        return functional.dropout(x, p, training=True)

    compiled = torch.compile(function, fullgraph=True, backend=frames)
    counts = []
    for rate in (0.0, 0.25, 0.5, 1.0):
        y = compiled(torch.ones(10_000), torch.tensor(rate, dtype=torch.float64))
        # Five standard errors of a share among 10,000 draws.
        assert abs((y == 0).double().mean() - rate) <= 5 * (rate * (1 - rate) / 10_000) ** 0.5
        counts.append(frames.frame_count)

    assert counts == counts[:1] * 4
