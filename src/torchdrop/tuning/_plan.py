"""Which engine trains a grid, how many networks at once, and why."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, TypeAlias, get_args

import torch
from torch import Tensor, nn

from ..data import Dataset
from ..errors import SettingError
from ..kernels import TORCH, Matmul, Routes, choose_routes
from ..modes import evaluating
from ..nn import ThinnedSequential
from ..training import TrainingSettings, why_not_stacked
from ._grid import Grid
from ._initial import initial_network
from ._network import NetworkFactory
from ._unit import Engine

Choice: TypeAlias = Literal["auto", "loop", "stacked"]

BUDGET = 64 * 2**20
"""Bytes that a stack at work should stay below; what is larger falls out of common last caches,
and from there on a stack is no faster than its members one after the other."""

_TRIAL_ROWS = 8
_COPIES = 4  # of each weight: itself, its gradient, and Adam's two moments
_PASSES = 2  # through each layer: forward and backward


@dataclass(frozen=True, slots=True)
class Plan:
    """How a grid is trained.

    Attributes:
        engine: `loop` or `stacked`.
        members: Most networks trained at once.
        reason: Why, in words.
        routes: Which library multiplies in a linear layer, by its name, where networks are alone.
    """

    engine: Engine
    members: int
    reason: str
    routes: Mapping[str, Routes] = field(default_factory=dict)


def plan_for(
    choice: Choice,
    matmul: Matmul,
    make_network: NetworkFactory,
    data: Dataset,
    settings: TrainingSettings,
    grid: Grid,
) -> Plan:
    """Choose the engine, the size of its stacks, and who multiplies.

    Args:
        choice: `loop` or `stacked` as told; `auto` for the faster one.
        matmul: `torch` for torch's own products; `auto` for the faster ones, where networks are
            trained one at a time.
        make_network: Called with p.
        data: What the networks are trained on.
        settings: How.
        grid: Which networks.

    Returns:
        The plan.

    Raises:
        SettingError: If `choice` or `matmul` is unknown, or `stacked` and the network cannot be.
    """
    _check("engine", choice, get_args(Choice))
    _check("matmul", matmul, get_args(Matmul))
    if choice == "loop":
        return Plan("loop", 1, "as told")
    rows = data.train.x[:_TRIAL_ROWS]
    models = [initial_network(make_network, p, 0) for p in (grid.rates[0], grid.rates[-1])]
    if reason := _why_not_together(models, rows):
        if choice == "stacked":
            raise SettingError(f"engine='stacked' cannot train this network: {reason}. Use 'loop'.")
        return Plan("loop", 1, reason)
    most = max(1, BUDGET // _bytes_at_work(models[0], rows, settings.batch_size))
    if choice == "stacked" or most > 1:
        why = "as told" if choice == "stacked" else "networks this small train faster together"
        return Plan("stacked", max(2, most), why)
    routes = {} if matmul == "torch" else _routes_of(models[0], settings.batch_size)
    if all(route == TORCH for route in routes.values()):
        return Plan("loop", 1, "networks this wide gain nothing from training together")
    why = "networks this wide gain nothing from training together, and oneDNN multiplies faster"
    return Plan("stacked", 1, why, routes)


def _check(name: str, value: str, known: tuple[str, ...]) -> None:
    if value not in known:
        raise SettingError(f"{name} is one of {', '.join(known)}; got {value!r}.")


def _why_not_together(models: list[nn.Module], rows: Tensor) -> str | None:
    # Each member would need rows and columns of its own.
    if any(isinstance(layer, ThinnedSequential) for m in models for layer in m.modules()):
        return "thinned networks are trained one after the other"
    return why_not_stacked(models, rows)


def _routes_of(model: nn.Module, rows: int) -> dict[str, Routes]:
    return {
        name: choose_routes(rows, layer.in_features, layer.out_features, dtype=layer.weight.dtype)
        for name, layer in model.named_modules()
        if type(layer) is nn.Linear
    }


def _bytes_at_work(model: nn.Module, rows: Tensor, batch_size: int) -> int:
    """Estimate what a step of one network touches: weights, and outputs of its layers."""
    outputs = 0

    def count(layer: nn.Module, inputs: Any, output: Any) -> None:
        nonlocal outputs
        outputs += output.nbytes if isinstance(output, Tensor) else 0

    leaves = [layer for layer in model.modules() if not any(layer.children())]
    hooks = [layer.register_forward_hook(count) for layer in leaves]
    with evaluating(model), torch.no_grad():
        model(rows)
    for hook in hooks:
        hook.remove()
    weights = sum(parameter.nbytes for parameter in model.parameters())
    return _COPIES * weights + _PASSES * outputs * batch_size // len(rows)
