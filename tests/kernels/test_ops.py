"""The operation under torch's transforms: dispatcher, vmap, compile, export, distributed."""

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor, nn
from torch._subclasses.fake_tensor import FakeTensorMode
from torch.utils.flop_counter import FlopCounterMode

from torchdrop import functional
from torchdrop.kernels import masked_scale
from torchdrop.nn import Dropout

pytestmark = pytest.mark.usefixtures("each_kernel")

SEED = torch.tensor([12345])
SCRIPT = Path(__file__).with_name("one_rank.py")

# torch's own compiler uses parts of torch that torch has deprecated.
tracing = pytest.mark.filterwarnings("ignore::DeprecationWarning")


def _dropout(x: Tensor) -> Tensor:
    return functional.dropout(x, 0.5, training=True)


def test_the_operation_keeps_torchs_rules() -> None:
    x = torch.randn(4, 5)  # gradients are the business of the function around it
    operation = torch.ops.torchdrop.masked_scale.default

    torch.library.opcheck(operation, (x, SEED, 0.4, 1.5))
    torch.library.opcheck(operation, (x.t(), SEED, 0.4, 1.5))


@pytest.mark.parametrize("dtype", [torch.float64, torch.complex128])
def test_gradients_are_those_of_finite_differences(dtype: torch.dtype) -> None:
    x = torch.randn(3, 4, dtype=dtype, requires_grad=True)

    def function(x: Tensor) -> Tensor:
        return masked_scale(x, SEED, 0.4, 1.5) ** 2

    assert torch.autograd.gradcheck(function, (x,))
    assert torch.autograd.gradgradcheck(function, (x,))


def test_the_dispatcher_and_the_direct_call_agree() -> None:
    x = torch.randn(1000)

    assert torch.equal(
        torch.ops.torchdrop.masked_scale(x, SEED, 0.4, 1.5), masked_scale(x, SEED, 0.4, 1.5)
    )


def test_vmap_refuses_randomness_unless_asked() -> None:
    with pytest.raises(RuntimeError, match="randomness"):
        torch.func.vmap(_dropout)(torch.ones(3, 100))


def test_vmap_draws_the_same_or_a_different_mask_for_each_member() -> None:
    x = torch.ones(3, 200)
    same = torch.func.vmap(_dropout, randomness="same")(x)
    different = torch.func.vmap(_dropout, randomness="different")(x)

    assert torch.equal(same[0], same[1])
    assert not torch.equal(different[0], different[1])
    assert ((different == 0) | (different == 2)).all()


def test_a_member_of_a_batch_gets_the_mask_it_would_get_alone() -> None:
    x, seeds = torch.randn(4, 300), torch.tensor([[5], [6], [7], [8]])
    batched = torch.func.vmap(lambda x, s: masked_scale(x, s, 0.3, 1.0))(x, seeds)

    for row, seed, result in zip(x, seeds, batched, strict=True):
        assert torch.equal(result, masked_scale(row, seed, 0.3, 1.0))


def test_gradients_of_each_sample_match_its_mask() -> None:
    x, seeds = torch.ones(4, 50), torch.arange(4).reshape(4, 1)

    def loss(x: Tensor, seed: Tensor) -> Tensor:
        return masked_scale(x, seed, 0.5, 2.0).sum()

    gradients = torch.func.vmap(torch.func.grad(loss))(x, seeds)
    masks = torch.stack([masked_scale(torch.ones(50), seed, 0.5, 2.0) for seed in seeds])

    assert torch.equal(gradients, masks)


class _Two(nn.Module):
    """The same input through two layers, whose masks a compiler could merge."""

    def __init__(self) -> None:
        super().__init__()
        self.first, self.second = Dropout(0.5), Dropout(0.5)

    def forward(self, x: Tensor) -> Tensor:
        difference: Tensor = self.first(x) - self.second(x)
        return difference


@tracing
@pytest.mark.parametrize("backend", ["aot_eager", "inductor"])
def test_two_layers_in_one_compiled_graph_draw_different_masks(backend: str) -> None:
    torch._dynamo.reset()
    compiled = torch.compile(_Two(), fullgraph=True, backend=backend)

    assert (compiled(torch.ones(1000)) != 0).any()


@tracing
@pytest.mark.parametrize("backend", ["aot_eager", "inductor"])
def test_compiled_masks_equal_eager_masks(backend: str) -> None:
    """For Inductor with torch's own switch that keeps its random numbers those of eager."""
    torch._dynamo.reset()
    x = torch.randn(500)
    with torch._inductor.config.patch(fallback_random=True):
        compiled = torch.compile(_dropout, fullgraph=True, backend=backend)
        with torch.random.fork_rng():
            torch.manual_seed(1)
            first = compiled(x)
            torch.manual_seed(1)
            second = _dropout(x)

    assert torch.equal(first, second)


@tracing
@pytest.mark.parametrize("backend", ["aot_eager", "inductor"])
def test_compiled_gradients_match_the_forward_mask(backend: str) -> None:
    torch._dynamo.reset()
    x = torch.rand(500, requires_grad=True)
    y = torch.compile(_dropout, fullgraph=True, backend=backend)(x)
    (gradient,) = torch.autograd.grad(y.sum(), x)

    assert torch.equal(gradient == 0, y == 0)


def test_fake_tensors_go_through_the_dispatcher() -> None:
    """They have no memory that a kernel could read."""
    with FakeTensorMode():
        x = torch.ones(4, 5, requires_grad=True)
        y = functional.dropout(x, 0.5, training=True)
        z = functional.activation_dropout(x, "relu", 0.5, training=True)

    assert (y.shape, z.shape) == ((4, 5), (4, 5))


def test_a_profiler_of_operations_sees_ours() -> None:
    """The flop counter is a dispatch mode: it would miss what goes past the dispatcher."""
    seen: list[str] = []

    def watch(*args: Any, **settings: Any) -> int:
        seen.append("masked_scale")
        return 0

    operation = torch.ops.torchdrop.masked_scale
    with FlopCounterMode(display=False, custom_mapping={operation: watch}):
        functional.dropout(torch.ones(10), 0.5, training=True)

    assert seen == ["masked_scale"]


def test_meta_tensors_are_shapes_only() -> None:
    x = torch.ones(3, 4, device="meta")

    assert functional.dropout(x, 0.5, training=True).device.type == "meta"


def test_export_keeps_the_operation() -> None:
    program = torch.export.export(nn.Sequential(Dropout(0.5)), (torch.ones(8),))
    operations = {str(node.target) for node in program.graph.nodes}

    assert "torchdrop.masked_scale.default" in operations


@pytest.mark.parametrize("seeds", [(5, 5), (5, 6)])
def test_ranks_differ_by_their_seeds_and_agree_on_request(
    tmp_path: Path, seeds: tuple[int, int], each_kernel: str
) -> None:
    ranks = [
        subprocess.Popen(
            [sys.executable, SCRIPT, str(rank), str(tmp_path), str(seed)],
            env={**os.environ, "TORCHDROP_KERNEL": each_kernel},
        )
        for rank, seed in enumerate(seeds)
    ]
    assert [rank.wait(timeout=120) for rank in ranks] == [0, 0]
    first, second = (torch.load(tmp_path / f"{rank}.pt") for rank in (0, 1))

    assert torch.equal(first, second) == (seeds[0] == seeds[1])
