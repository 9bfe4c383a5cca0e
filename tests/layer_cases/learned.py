"""Layers whose rate is learned, or which average over masks."""

from collections.abc import Callable

from torch import nn

from torchdrop.nn import ConcreteDropout, MultiSampleDropout, VariationalDropout

from ._case import Case


def _concrete(make: Callable[[float], ConcreteDropout] = ConcreteDropout, draws: int = 400) -> Case:
    # A relaxed mask shrinks what it drops to almost nothing, not to 0.
    return Case(make, draws=draws, drops=False)


def _positive_head() -> nn.Linear:
    """Weights of one sign, so that outputs are not near 0 by chance."""
    head = nn.Linear(25, 3, bias=False)
    head.weight.data.abs_()
    return head


CASES = {
    "ConcreteDropout": _concrete(),
    "ConcreteDropout-dims": _concrete(lambda p: ConcreteDropout(p, dims=(0,)), draws=16),
    # Elements are scaled by noise, none is dropped; p = 1 would be infinite variance.
    "VariationalDropout": Case(VariationalDropout, drops=False, most=0.99),
    "VariationalDropout-features": Case(
        lambda p: VariationalDropout(p, features=25), drops=False, most=0.99
    ),
    # The mean over samples; evaluation gives a new tensor.
    "MultiSampleDropout": Case(
        lambda p: MultiSampleDropout(nn.Identity(), p, 4), passes_through=False
    ),
    # Outputs of a head: none is 0 where an input was dropped, and each row's share their masks.
    "MultiSampleDropout-linear": Case(
        lambda p: MultiSampleDropout(_positive_head(), p),
        draws=16,
        passes_through=False,
        drops=False,
        output=(16, 3),
    ),
}
