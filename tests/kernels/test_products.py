"""Products of matrices: from the library that was asked for, and right from either."""

import math
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from itertools import product

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor
from torch.nn import functional as F
from torch.profiler import ProfilerActivity, profile

from torchdrop.errors import SettingError
from torchdrop.kernels import TORCH, Routes, _products, linear_product, onednn_obstacle
from torchdrop.kernels._products import Library, _LinearProduct

ONEDNN = Routes("onednn", "onednn", "onednn")
LIBRARIES: tuple[Library, Library] = ("torch", "onednn")
ALL_ROUTES = [Routes(*libraries) for libraries in product(LIBRARIES, repeat=3)]
OPERATOR = "mkldnn::_linear_pointwise"

needs_onednn = pytest.mark.skipif(bool(onednn_obstacle()), reason=onednn_obstacle() or "it is here")


def _layer(rows: int, inputs: int, outputs: int, seed: int = 0) -> tuple[Tensor, Tensor, Tensor]:
    generator = torch.Generator().manual_seed(seed)
    shapes = ((rows, inputs), (outputs, inputs), (outputs,))
    x, weight, bias = (torch.randn(shape, generator=generator) for shape in shapes)
    return x.requires_grad_(), weight.requires_grad_(), bias.requires_grad_()


def _step(x: Tensor, weight: Tensor, bias: Tensor, routes: Routes) -> list[Tensor]:
    """The output and the gradients of a fixed, uneven loss."""
    y = linear_product(x, weight, bias, routes)
    dy = torch.linspace(-1, 1, y.numel(), dtype=y.dtype).reshape(y.shape)
    return [y.detach(), *torch.autograd.grad(y, (x, weight, bias), dy)]


def _calls(run: Callable[[], object]) -> int:
    """How often oneDNN's operator ran."""
    with profile(activities=[ProfilerActivity.CPU]) as record:
        run()
    return sum(event.count for event in record.key_averages() if event.key == OPERATOR)


def _assert_close(got: Tensor, a: Tensor, b: Tensor, bias: Tensor | None = None) -> None:
    """Compare with `a @ b.T + bias` in float64.

    Rounding errors of n additions grow like sqrt(n) units of 2^-24 (Higham and Mary 2019,
    theorem 2.4); five of these. Rounding the factors to bfloat16 would miss it by far.
    """
    exact = F.linear(a.double(), b.double(), None if bias is None else bias.double())
    size = F.linear(
        a.double().abs(), b.double().abs(), None if bias is None else bias.double().abs()
    )
    bound = 5 * math.sqrt(a.shape[1] + 1) * 2.0**-24 * size
    assert bool(((got.double() - exact).abs() <= bound).all())


@contextmanager
def _precision(setting: str) -> Iterator[None]:
    before = torch.backends.mkldnn.matmul.fp32_precision  # type: ignore[attr-defined]
    torch.backends.mkldnn.matmul.fp32_precision = setting  # type: ignore[attr-defined]
    try:
        yield
    finally:
        torch.backends.mkldnn.matmul.fp32_precision = before  # type: ignore[attr-defined]


@needs_onednn
@pytest.mark.parametrize("routes", ALL_ROUTES, ids=lambda r: "-".join(r.to_dict().values()))
def test_each_product_runs_in_the_library_it_was_sent_to(routes: Routes) -> None:
    x, weight, _ = _layer(6, 5, 4)
    of_x = linear_product(x, weight.detach(), None, routes).sum()
    of_weight = linear_product(x.detach(), weight, None, routes).sum()

    assert _calls(lambda: linear_product(x, weight, None, routes)) == (routes.forward == "onednn")
    assert _calls(lambda: torch.autograd.grad(of_x, x)) == (routes.input_gradient == "onednn")
    gradient = lambda: torch.autograd.grad(of_weight, weight)  # noqa: E731
    assert _calls(gradient) == (routes.weight_gradient == "onednn")


@needs_onednn
@pytest.mark.parametrize("shape", [(128, 300, 200), (64, 64, 10), (32, 1024, 96), (1, 300, 200)])
def test_products_err_by_rounding_only(shape: tuple[int, int, int]) -> None:
    x, weight, bias = _layer(*shape)

    y, dx, dweight, dbias = _step(x, weight, bias, ONEDNN)
    dy = torch.linspace(-1, 1, y.numel()).reshape(y.shape)

    _assert_close(y, x, weight, bias)
    _assert_close(dx, dy, weight.t())
    _assert_close(dweight, dy.t(), x.t())
    _assert_close(dbias.unsqueeze(0), torch.ones(1, len(dy)), dy.t())


def test_the_bound_on_errors_rules_out_bfloat16() -> None:
    x, weight, _ = _layer(128, 300, 200)
    lowered = F.linear(x.bfloat16().float(), weight.bfloat16().float())

    with pytest.raises(AssertionError):
        _assert_close(lowered, x, weight)


@needs_onednn
def test_the_error_is_at_most_twice_that_of_torch_in_the_chapters_layer() -> None:
    x, weight, bias = _layer(128, 300, 200)
    exact = _step(x.double(), weight.double(), bias.double(), TORCH)

    for one, other, truth in zip(
        _step(x, weight, bias, ONEDNN), _step(x, weight, bias, TORCH), exact, strict=True
    ):
        assert (one - truth).square().mean().sqrt() <= 2 * (other - truth).square().mean().sqrt()


def _strided(kind: str, rows: int, columns: int, seed: int) -> Tensor:
    generator = torch.Generator().manual_seed(seed)
    if kind == "transposed":
        return torch.randn(columns, rows, generator=generator).t()
    if kind == "every second":
        return torch.randn(rows, 2 * columns, generator=generator)[:, ::2]
    if kind == "part of wider":
        return torch.randn(rows + 1, columns + 3, generator=generator)[1:, 2:-1]
    if kind == "one row repeated":
        return torch.randn(1, columns, generator=generator).expand(rows, columns)
    if kind == "one column repeated":
        return torch.randn(rows, 1, generator=generator).expand(rows, columns)
    return torch.randn(rows, columns, generator=generator)


KINDS = st.sampled_from(
    (
        "plain",
        "transposed",
        "every second",
        "part of wider",
        "one row repeated",
        "one column repeated",
    )
)
SIZES = st.integers(1, 40)


@needs_onednn
@settings(max_examples=60, deadline=None)
@given(SIZES, SIZES, SIZES, KINDS, KINDS, KINDS, st.integers(1, 2), st.integers(0, 99))
def test_strides_do_not_matter(
    rows: int, inputs: int, outputs: int, of_x: str, of_w: str, of_dy: str, step: int, seed: int
) -> None:
    x = _strided(of_x, rows, inputs, seed).requires_grad_()
    weight = _strided(of_w, outputs, inputs, seed + 1).requires_grad_()
    bias = torch.linspace(-1, 1, step * outputs)[::step]
    dy = _strided(of_dy, rows, outputs, seed + 2)

    y = linear_product(x, weight, bias, ONEDNN)
    dx, dweight = torch.autograd.grad(y, (x, weight), dy)

    _assert_close(y, x, weight, bias)
    _assert_close(dx, dy, weight.t())
    _assert_close(dweight, dy.t(), x.t())


@pytest.mark.parametrize("shape", [(0, 5, 4), (3, 0, 4), (3, 5, 0)])
def test_empty_matrices_are_torchs(shape: tuple[int, int, int]) -> None:
    for one, other in zip(
        _step(*_layer(*shape), ONEDNN), _step(*_layer(*shape), TORCH), strict=True
    ):
        assert torch.equal(one, other)


@pytest.mark.parametrize("needed", list(product((False, True), repeat=3)))
@pytest.mark.parametrize("routes", [TORCH, ONEDNN], ids=["torch", "onednn"])
def test_only_the_gradients_that_are_needed_are_computed(
    needed: tuple[bool, bool, bool], routes: Routes
) -> None:
    tensors = [t.detach().requires_grad_(n) for t, n in zip(_layer(6, 5, 4), needed, strict=True)]
    y = linear_product(tensors[0], tensors[1], tensors[2], routes)

    assert y.requires_grad == any(needed)
    if any(needed):
        products = 0 if routes == TORCH or onednn_obstacle() else needed[0] + needed[1]
        assert _calls(lambda: torch.autograd.backward(y.sum())) == products
    assert tuple(t.grad is not None for t in tensors) == needed


@needs_onednn
def test_a_layer_without_bias() -> None:
    x, weight, _ = _layer(6, 5, 4)

    y = linear_product(x, weight, None, ONEDNN)
    torch.autograd.backward(y.sum())

    _assert_close(y, x, weight)
    assert weight.grad is not None
    _assert_close(weight.grad, torch.ones(4, 6), x.t())


@needs_onednn
def test_without_autograd_the_operator_runs_alone() -> None:
    x, weight, bias = _layer(6, 5, 4)

    with torch.no_grad():
        assert _calls(lambda: linear_product(x, weight, bias, ONEDNN)) == 1
        assert not linear_product(x, weight, bias, ONEDNN).requires_grad


@needs_onednn
def test_the_same_product_twice_has_the_same_bits() -> None:
    layer = _layer(128, 300, 200)
    for one, other in zip(_step(*layer, ONEDNN), _step(*layer, ONEDNN), strict=True):
        assert torch.equal(one, other)


def test_the_gradients_are_those_of_the_formula() -> None:
    layer = tuple(t.detach().double().requires_grad_() for t in _layer(4, 3, 2))

    def run(*tensors: Tensor) -> Tensor:
        y: Tensor = _LinearProduct.apply(*tensors, TORCH)  # type: ignore[no-untyped-call]
        return y

    assert torch.autograd.gradcheck(run, layer)
    assert torch.autograd.gradgradcheck(run, layer)


@needs_onednn
def test_double_backward_is_torchs() -> None:
    def curvature(routes: Routes) -> list[Tensor]:
        x, weight, bias = _layer(6, 5, 4)
        y = linear_product(x, weight, bias, routes).square().sum()
        gradients = torch.autograd.grad(y, (x, weight, bias), create_graph=True)
        norm = torch.cat([g.flatten() for g in gradients]).square().sum()
        return list(torch.autograd.grad(norm, (x, weight, bias)))

    for one, other in zip(curvature(ONEDNN), curvature(TORCH), strict=True):
        torch.testing.assert_close(one, other, rtol=1e-4, atol=1e-3)


@needs_onednn
def test_batched_gradients() -> None:
    x, weight, bias = _layer(6, 5, 4)
    y = linear_product(x, weight, bias, ONEDNN)
    dy = torch.stack([torch.ones_like(y), -torch.ones_like(y)])

    (dx,) = torch.autograd.grad(y, x, dy, is_grads_batched=True)

    torch.testing.assert_close(
        dx, torch.stack([weight.sum(0), -weight.sum(0)])[:, None].expand_as(dx)
    )


@needs_onednn
def test_lowered_precision_sends_products_to_torch() -> None:
    x, weight, bias = _layer(6, 5, 4)

    for setting, lowered in (("bf16", True), ("tf32", True), ("ieee", False), ("none", False)):
        with _precision(setting):
            assert bool(onednn_obstacle()) == lowered
            ran = _calls(lambda: linear_product(x, weight, bias, ONEDNN))
        assert ran == (not lowered)


def test_without_the_operator_products_are_torchs(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_products, "_LINEAR", None)
    for one, other in zip(
        _step(*_layer(6, 5, 4), ONEDNN), _step(*_layer(6, 5, 4), TORCH), strict=True
    ):
        assert torch.equal(one, other)


def test_other_dtypes_and_autocast_are_torchs() -> None:
    x, weight, bias = (t.detach() for t in _layer(6, 5, 4))

    for dtype in (torch.float64, torch.bfloat16):
        tensors = [t.to(dtype) for t in (x, weight, bias)]
        y = linear_product(tensors[0], tensors[1], tensors[2], ONEDNN)
        assert torch.equal(y, F.linear(*tensors))
    with torch.autocast("cpu", torch.bfloat16):
        assert linear_product(x, weight, bias, ONEDNN).dtype == torch.bfloat16


def test_shapes_that_do_not_fit_are_torchs_to_refuse() -> None:
    x, weight, bias = _layer(6, 5, 4)

    with pytest.raises(RuntimeError, match="shapes cannot be multiplied"):
        linear_product(x, weight[:, :-1], bias, ONEDNN)
    with pytest.raises(RuntimeError, match="size"):
        linear_product(x, weight, bias[:-1], ONEDNN)


def test_under_vmap_products_are_torchs() -> None:
    x, weight, bias = _layer(6, 5, 4)
    many = torch.stack([weight, 2 * weight])

    y = torch.vmap(lambda w: linear_product(x, w, bias, ONEDNN))(many)

    torch.testing.assert_close(y, torch.stack([F.linear(x, w, bias) for w in many]))


def test_routes_survive_json() -> None:
    for routes in ALL_ROUTES:
        assert Routes.from_dict(routes.to_dict()) == routes


@pytest.mark.parametrize("wrong", ["cublas", None, ["torch"]])
def test_unknown_libraries_are_refused(wrong: object) -> None:
    with pytest.raises(SettingError, match="goes to torch or onednn; got forward="):
        Routes.from_dict({**TORCH.to_dict(), "forward": wrong})
