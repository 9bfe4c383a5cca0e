"""The sample inputs that torch's tests hold for its dropout functions, given to ours.

`pytest -m slow -s tests/long/test_torch_samples.py` says how many of them each function got and
refused. The samples come with torch, so their number depends on its version; torch's test code
imports `expecttest`, without which these tests are skipped: `pip install expecttest`.
"""

from __future__ import annotations

import importlib
import sys
from collections import Counter
from collections.abc import Callable, Iterator
from typing import Any

import pytest
import torch
from torch import Tensor
from torch.autograd import gradcheck

from torchdrop import functional
from torchdrop.errors import SettingError
from torchdrop.kernels import keep_probability

pytestmark = pytest.mark.slow

DTYPES = (torch.float16, torch.bfloat16, torch.float32, torch.float64)
SCALING = ("dropout", "dropout2d", "dropout3d")
OPS = (
    *SCALING,
    "alpha_dropout",
    "feature_alpha_dropout with_train",
    "feature_alpha_dropout without_train",
)

Sample = tuple[Tensor, float, bool]


@pytest.fixture(params=OPS)
def op(request: pytest.FixtureRequest) -> Any:
    """What torch's tests know of a function. Loaded late: it takes seconds, and `expecttest`."""
    pytest.importorskip("expecttest")
    invocations = importlib.import_module("torch.testing._internal.common_methods_invocations")
    name, _, variant = request.param.partition(" ")
    full = f"nn.functional.{name}"
    (found,) = (o for o in invocations.op_db if (o.name, o.variant_test_name) == (full, variant))
    return found


def name_of(op: Any) -> str:
    return str(op.name.removeprefix("nn.functional."))


def samples(op: Any, dtype: torch.dtype, requires_grad: bool = False) -> Iterator[Sample]:
    """Input, p and mode; where a sample names none, the defaults of torch's own function."""
    training = name_of(op) in SCALING
    for sample in op.sample_inputs("cpu", dtype, requires_grad):
        assert not sample.args
        assert not set(sample.kwargs) - {"p", "training"}
        yield sample.input, sample.kwargs.get("p", 0.5), sample.kwargs.get("training", training)


def ours(op: Any) -> Callable[..., Tensor]:
    """Our function, from a seed that is the same each time."""

    def apply(x: Tensor, p: float, training: bool, **settings: Any) -> Tensor:
        generator = torch.Generator().manual_seed(0)
        function: Callable[..., Tensor] = getattr(functional, name_of(op))
        return function(x, p, training=training, generator=generator, **settings)

    return apply


def settings_for(op: Any, x: Tensor) -> dict[str, bool] | None:
    """What our function must be told to take `x`; None where nothing fits but another function."""
    name = name_of(op)
    if name in ("dropout", "alpha_dropout"):
        return {}
    if name == "feature_alpha_dropout":
        return {} if x.ndim > 2 else {"batched": False} if x.ndim == 2 else None
    spatial = int(name[len("dropout")])
    return {} if x.ndim == spatial + 2 else {"batched": False}


def report(op: Any, what: str, counts: Counter[str]) -> None:
    told = ", ".join(f"{word} {n}" for word, n in sorted(counts.items()))
    sys.stdout.write(f"\n{' '.join((op.name, op.variant_test_name)).strip()}, {what}: {told}")


@pytest.mark.filterwarnings("ignore:dropout2d. Received a 3D input")  # torch, of its own guess
@pytest.mark.parametrize("dtype", DTYPES, ids=str)
def test_a_sample_gives_what_torch_gives_up_to_the_mask(op: Any, dtype: torch.dtype) -> None:
    counts: Counter[str] = Counter()
    for x, p, training in samples(op, dtype):
        settings = settings_for(op, x)
        if settings != {}:
            with pytest.raises(SettingError):
                ours(op)(x, p, training)
            counts["refused as they come"] += 1
        if settings is None:
            counts["no setting fits"] += 1
            continue
        y, torchs = ours(op)(x, p, training, **settings), op(x, p=p, training=training)
        counts["ran"] += 1
        assert (y.shape, y.dtype, y.stride()) == (torchs.shape, torchs.dtype, torchs.stride())
        if not training or p in (0, 1):
            assert torch.equal(y, torchs)
            counts["equal to torch's"] += 1
        else:
            assert_dropped_or_scaled(op, x, y, p, settings.get("batched", True))
            counts["dropped or scaled"] += 1
    assert counts["ran"] + counts["no setting fits"] == len(list(op.sample_inputs("cpu", dtype)))
    report(op, str(dtype), counts)


def assert_dropped_or_scaled(op: Any, x: Tensor, y: Tensor, p: float, batched: bool) -> None:
    """Each element is the number for dropped ones or that for kept ones; a channel is of one kind.

    By torch's documented formula, in float64.
    """
    q, wide = keep_probability(p), x.double()
    if name_of(op) in SCALING:
        dropped, kept = torch.zeros_like(wide), wide / q
    else:
        alpha = -1.7580993408473766
        a = (q * (1 + (1 - q) * alpha**2)) ** -0.5
        b = -a * (1 - q) * alpha
        dropped, kept = torch.full_like(wide, a * alpha + b), a * wide + b
    # Two roundings of the dtype at most, the sum of the alpha form included.
    near = torch.finfo(x.dtype).eps * 2 * (1 + kept.abs())
    is_dropped, is_kept = (y - dropped).abs() <= near, (y - kept).abs() <= near
    assert (is_dropped | is_kept).all()
    if name_of(op) not in ("dropout", "alpha_dropout"):
        first = 2 if batched else 1
        whole = is_dropped.flatten(first).all(-1) | is_kept.flatten(first).all(-1)
        assert whole.all()


def test_gradients_of_the_samples_are_those_of_finite_differences(op: Any) -> None:
    counts: Counter[str] = Counter()
    for x, p, training in samples(op, torch.float64, requires_grad=True):
        settings = settings_for(op, x)
        if settings is None:
            continue
        apply = ours(op)
        assert gradcheck(lambda x: apply(x, p, training, **settings), x, fast_mode=x.ndim > 3)  # noqa: B023
        counts["gradcheck passed"] += 1
    assert counts
    report(op, "gradients", counts)


def test_samples_in_place_are_the_samples_out_of_place(op: Any) -> None:
    counts: Counter[str] = Counter()
    in_place = getattr(functional, f"{name_of(op)}_")
    for dtype in DTYPES:
        for x, p, training in samples(op, dtype):
            settings = settings_for(op, x)
            if settings is None:
                continue
            y, z = ours(op)(x, p, training, **settings), x.clone()
            generator = torch.Generator().manual_seed(0)
            assert in_place(z, p, training=training, generator=generator, **settings) is z
            assert torch.equal(y, z)
            counts["in place"] += 1
    report(op, "all dtypes", counts)


def test_torch_holds_no_error_inputs_so_the_rates_are_ours(op: Any) -> None:
    assert op.error_inputs_func is None
    x = torch.ones(2, 3, 4, 4, 4) if name_of(op) == "dropout3d" else torch.ones(2, 3, 4, 4)
    for p in (-0.1, 1.1, float("nan")):
        with pytest.raises(ValueError, match="p is the probability"):
            ours(op)(x, p, True)


def test_samples_that_cannot_be_scaled_are_refused_by_our_functions(op: Any) -> None:
    """Torch's `feature_alpha_dropout` hands integers and complex numbers back out of training."""
    counts: Counter[str] = Counter()
    for dtype in sorted(set(op.dtypes) - set(DTYPES), key=str):
        for x, p, training in samples(op, dtype):
            settings = settings_for(op, x)
            with pytest.raises(TypeError if settings is not None else SettingError):
                ours(op)(x, p, training, **(settings or {}))
            counts["refused"] += 1
    if counts:
        report(op, "other dtypes", counts)
