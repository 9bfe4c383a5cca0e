"""Layers that drop single elements."""

from torchdrop.nn import ActivationDropout, Dropout

from ._case import Case


def _fused(name: str, inplace: bool = False) -> Case:
    # In evaluation they give the activation of the input, not the input.
    return Case(lambda p: ActivationDropout(name, p, inplace), passes_through=False)  # type: ignore[arg-type]


CASES = {
    "Dropout": Case(Dropout),
    "Dropout-inplace": Case(lambda p: Dropout(p, inplace=True)),
    "Dropout-dims": Case(lambda p: Dropout(p, dims=(0,)), draws=16),
    "Dropout-last": Case(lambda p: Dropout(p, dims=(-1,)), draws=25),
    "ActivationDropout-relu": _fused("relu"),
    "ActivationDropout-leaky_relu": _fused("leaky_relu"),
    "ActivationDropout-gelu": _fused("gelu"),
    "ActivationDropout-gelu_tanh": _fused("gelu_tanh"),
    "ActivationDropout-silu": _fused("silu"),
    "ActivationDropout-inplace": _fused("silu", inplace=True),
}
