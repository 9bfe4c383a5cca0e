"""A part of a linear layer, against a plain layer of rows and columns taken by indexing."""

import pytest
import torch
from torch import Tensor
from torch.nn import functional as F

from torchdrop.errors import SettingError
from torchdrop.functional import GradientMemory, take_part, thinned_linear
from torchdrop.kernels import Routes

ROWS, COLUMNS = torch.tensor([0, 2, 3, 11]), torch.tensor([1, 2, 8])
ONEDNN = Routes("onednn", "onednn", "onednn")


def _given(columns: Tensor | None, dtype: torch.dtype = torch.float64) -> tuple[Tensor, ...]:
    generator = torch.Generator().manual_seed(0)
    shapes = (5, 9 if columns is None else len(columns)), (12, 9), (12,)
    return tuple(
        torch.randn(shape, generator=generator, dtype=dtype).requires_grad_() for shape in shapes
    )


def _obvious(
    x: Tensor, weight: Tensor, bias: Tensor, rows: Tensor | None, columns: Tensor | None
) -> Tensor:
    rows = torch.arange(12) if rows is None else rows
    columns = torch.arange(9) if columns is None else columns
    return F.linear(x, weight[rows][:, columns], bias[rows])


@pytest.mark.usefixtures("each_kernel")
@pytest.mark.parametrize("memory", [None, GradientMemory()])
@pytest.mark.parametrize("rows", [None, ROWS, ROWS[:0]])
@pytest.mark.parametrize("columns", [None, COLUMNS, COLUMNS[:0]])
def test_it_equals_a_layer_of_the_rows_and_columns(
    rows: Tensor | None, columns: Tensor | None, memory: GradientMemory | None
) -> None:
    x, weight, bias = given = _given(columns)
    y = thinned_linear(x, weight, bias, rows, columns, factor=1.7, memory=memory)
    expected = _obvious(x * 1.7, weight, bias, rows, columns)
    direction = torch.linspace(-1, 1, y.numel(), dtype=y.dtype).view_as(y)

    assert torch.allclose(y, expected, rtol=0, atol=1e-12)
    got = torch.autograd.grad(y, given, direction, allow_unused=True)
    wanted = torch.autograd.grad(expected, given, direction)
    for one, other in zip(got, wanted, strict=True):
        assert torch.allclose(one, other, rtol=0, atol=1e-12)


@pytest.mark.parametrize("bias", [True, False])
def test_both_derivatives_are_right(bias: bool) -> None:
    x, weight, last = _given(COLUMNS)

    def layer(x: Tensor, weight: Tensor, last: Tensor) -> Tensor:
        memory = GradientMemory()
        left = last if bias else None
        return thinned_linear(x, weight, left, ROWS, COLUMNS, factor=0.7, memory=memory)

    given = (x, weight, last) if bias else (x, weight, last.detach())
    assert torch.autograd.gradcheck(layer, given)
    assert torch.autograd.gradgradcheck(layer, given)


def test_onednns_products_agree_with_torchs() -> None:
    """Single precision: a sum of nine products of some size, in another order."""
    x, weight, bias = given = _given(COLUMNS, torch.float32)
    results = []
    for routes in (Routes("torch", "torch", "torch"), ONEDNN):
        y = thinned_linear(x, weight, bias, ROWS, COLUMNS, factor=1.5, routes=routes)
        results.append((y.detach(), *torch.autograd.grad(y.sum(), given)))

    for one, other in zip(*results, strict=True):
        assert torch.allclose(one, other, rtol=1e-5, atol=1e-6)


def test_a_graph_of_written_gradients_is_refused() -> None:
    x, weight, bias = _given(COLUMNS)
    y = thinned_linear(x, weight, bias, ROWS, COLUMNS, memory=GradientMemory(writes=True))
    with pytest.raises(SettingError, match="no gradient of its own"):
        y.sum().backward(create_graph=True)  # type: ignore[no-untyped-call]


@pytest.mark.usefixtures("each_kernel")
@pytest.mark.parametrize("shape", [(300, 7), (300, 7, 2, 3)])
def test_parts_are_copied_and_their_gradients_put_back(shape: tuple[int, ...]) -> None:
    weight = torch.randn(shape, dtype=torch.float64, requires_grad=True)
    for rows in (None, torch.arange(1, 300, 2), torch.tensor([4])):
        for columns in (None, torch.tensor([0, 3, 6])):
            part = take_part(weight, rows, columns)
            expected = weight if rows is None else weight[rows]
            expected = expected if columns is None else expected[:, columns]
            direction = torch.randn_like(expected)

            assert torch.equal(part, expected)
            (got,) = torch.autograd.grad(part, weight, direction)
            (wanted,) = torch.autograd.grad(expected, weight, direction)
            assert torch.equal(got, wanted)
