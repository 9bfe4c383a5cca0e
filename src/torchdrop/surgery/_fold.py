"""Take dropout out of a trained network, and (1 - p) into the weights where it must go."""

from __future__ import annotations

import copy
from typing import Any, TypeAlias, TypeVar

import torch
from torch import nn
from torch.nn.modules.dropout import _DropoutNd

from ..kernels import keep_probability
from ..nn import ActivationDropout, Dropout
from ._changes import Change, Changes
from ._fold_targets import Chains, Place
from ._layers import become, describe, oddity, places
from ._recognize import INVERTED, is_ours
from ._trial import check_model

M = TypeVar("M", bound=nn.Module)
_Plan: TypeAlias = tuple[Place, ...] | str


def fold_(model: nn.Module, *, dry_run: bool = False) -> Changes:
    """Make a network with dropout a plain one that gives in both modes what evaluation gave.

    For trained networks. With inverted scaling (`scale="train"`, and torch's layers) evaluation
    needs nothing, and dropout is taken out. With classic scaling (`scale="eval"`) evaluation
    multiplies by `1 - p`; that goes into the weights after the dropout: `W (q x) + b` is
    `(q W) x + b`, with the `q = 1 - p` that the mask stream realizes. An `Identity` takes the
    place of a dropout, and its activation that of an `ActivationDropout`, so names and
    `state_dict` keys stay; layers and parameters are changed, not replaced. A second call changes
    nothing.

    Weights are found inside `torch.nn.Sequential`, blocks within blocks included: the next linear
    or convolution layer, past reshaping, pooling, ReLU, LeakyReLU and other dropout. Not for
    models that take layers out of their `Sequential` and call them one by one.

    Args:
        model: Any module; one that is itself a dropout layer included.
        dry_run: Whether to say what would be changed, and change nothing.

    Returns:
        What was changed, weights included, and which dropout was left as it is and why: what
        follows is not known or no such layer, weights are used elsewhere too, hooks would see
        another tensor; dropout inside attention and recurrent layers, and layers that drop
        something else than their input.

    Raises:
        ModelError: If `model` is no `torch.nn.Module`.

    Example:
        >>> from torchdrop.nn import Dropout
        >>> model = nn.Sequential(Dropout(0.33, scale="eval"), nn.Linear(3, 1)).eval()
        >>> y = model(torch.ones(1, 3))
        >>> [change.why for change in fold_(model)]
        ['1 - p moved into 1', 'weight times 0.67']
        >>> torch.allclose(model(torch.ones(1, 3)), y)
        True
    """
    check_model(model)
    chains = Chains(model)
    plans = {layer: _plan(layer, chains) for layer in model.modules() if _is_dropout(layer)}
    folded = {layer: plan for layer, plan in plans.items() if not isinstance(plan, str)}
    factors = _factors(folded)
    changes = _record(model, plans, factors)
    if dry_run:
        return changes
    for layer in folded:
        take_out_(layer)
    with torch.no_grad():
        for layer, factor in factors.items():
            layer.weight.mul_(factor)  # type: ignore[operator]
    return changes


def fold(model: M) -> M:
    """Copy `model` as a plain network that gives what evaluation gave; see `fold_`.

    Args:
        model: Any module; left as it is.

    Returns:
        A deep copy, folded.

    Raises:
        ModelError: If `model` is no `torch.nn.Module`.

    Example:
        >>> fold(nn.Sequential(nn.Linear(4, 3), ActivationDropout("relu", 0.2)))
        Sequential(
          (0): Linear(in_features=4, out_features=3, bias=True)
          (1): ReLU()
        )
    """
    copied = copy.deepcopy(model)
    fold_(copied)
    return copied


def _is_dropout(layer: nn.Module) -> bool:
    if isinstance(layer, (nn.MultiheadAttention, nn.RNNBase)) and layer.dropout > 0:
        return True
    return isinstance(layer, _DropoutNd) or is_ours(layer)


def _plan(layer: nn.Module, chains: Chains) -> _Plan:
    """Say where a layer's 1 - p goes, nowhere if it needs not; or why the layer stays."""
    if type(layer) not in INVERTED and type(layer) is not ActivationDropout:
        return f"fold does not know how to take {type(layer).__name__} out"
    if odd := oddity(layer):  # type: ignore[arg-type]
        return odd
    if getattr(layer, "inplace", False) and _names_gelu(layer):
        return "it writes into its input, which torch.nn.GELU cannot"
    if not _is_classic(layer):
        return ()
    if not isinstance(layer, Dropout):
        return f"fold does not know the classic scaling of {type(layer).__name__}"
    return chains.targets(layer)


def _is_classic(layer: nn.Module) -> bool:
    return getattr(layer, "scale", "train") == "eval" and _keep(layer) < 1


def _keep(layer: nn.Module) -> float:
    return float(keep_probability(float(layer.p)))  # type: ignore[arg-type]


def _names_gelu(layer: nn.Module) -> bool:
    return isinstance(layer, ActivationDropout) and layer.activation.startswith("gelu")


def _factors(folded: dict[nn.Module, tuple[Place, ...]]) -> dict[nn.Module, float]:
    """Multiply what each layer with weights takes up; two dropouts may come before one."""
    factors: dict[nn.Module, float] = {}
    for layer, targets in folded.items():
        for _, target in targets:
            factors[target] = factors.get(target, 1.0) * _keep(layer)
    return factors


def _record(
    model: nn.Module, plans: dict[nn.Module, _Plan], factors: dict[nn.Module, float]
) -> Changes:
    made: list[Change] = []
    left: list[Change] = []
    for site, layer in places(model):
        before = describe(layer)
        if layer in factors:
            made.append(Change(site, before, before, f"weight times {factors[layer]:.6g}"))
        if layer not in plans:
            continue
        plan = plans[layer]
        if isinstance(plan, str):
            left.append(Change(site, before, before, plan))
            continue
        goals = " and ".join(dict.fromkeys(goal for goal, _ in plan))
        why = f"1 - p moved into {goals}" if goals else "evaluation does not need it"
        made.append(Change(site, before, describe(remainder(layer)), why))
    return Changes(tuple(made), tuple(left))


def take_out_(layer: Any) -> None:
    """Make a dropout layer what `remainder` gives, in place, with a p of 0."""
    become(layer, remainder(layer))
    if hasattr(layer, "p"):
        # Attention modules hand the p of a layer that they hold on to a function.
        del layer.p
        layer.p = 0.0


def remainder(layer: nn.Module) -> nn.Module:
    """Build what a dropout layer does in evaluation besides scaling."""
    if not isinstance(layer, ActivationDropout):
        return nn.Identity()
    slope, inplace = layer.negative_slope, layer.inplace
    return {
        "relu": nn.ReLU(inplace),
        "leaky_relu": nn.LeakyReLU(slope, inplace),
        "gelu": nn.GELU(),
        "gelu_tanh": nn.GELU(approximate="tanh"),
        "silu": nn.SiLU(inplace),
    }[layer.activation]
