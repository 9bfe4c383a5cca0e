"""How the layers of a chain run on a stack: in batched operations, or under vmap.

A layer that has a rule here costs one operation for all members. Any other one is vmapped, which
costs more for each call and is the same otherwise.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import TypeAlias

import torch
from torch import Tensor, nn

from ..functional import activate
from ..kernels import (
    TORCH,
    Routes,
    can_fuse,
    given_seeds,
    masked_activation_members,
    masked_scale_members,
)
from ..nn import ActivationDropout, Dropout
from ._stack_linear import stacked_linear


@dataclass
class Pass:
    """One pass through a stack: what layers read beside their input.

    Attributes:
        parameters: By name, shape `(M, ...)`.
        buffers: Likewise.
        thresholds: Of each dropout layer with a rule, by its name, int64, shape `(M,)`.
        factors: What its kept elements are multiplied by in training, float64, shape `(M,)`.
        shares: The probability of keeping that its mask realizes, float64, shape `(M,)`.
        seeds: int64, shape `(M, draws)`: a seed for each mask of each member.
        taken: How many of them are used up.
    """

    parameters: Mapping[str, Tensor]
    buffers: Mapping[str, Tensor]
    thresholds: Mapping[str, Tensor]
    factors: Mapping[str, Tensor]
    shares: Mapping[str, Tensor]
    seeds: Tensor
    taken: int = 0

    def draws(self, name: str) -> tuple[Tensor, Tensor, Tensor]:
        """Take a seed for the layer `name`; give it with the layer's thresholds and factors."""
        self.taken += 1
        return self.seeds[:, self.taken - 1], self.thresholds[name], self.factors[name]


Step: TypeAlias = Callable[[Tensor, Pass], Tensor]

_POINTWISE = (
    *(nn.Identity, nn.ReLU, nn.LeakyReLU, nn.GELU, nn.SiLU, nn.Tanh, nn.Sigmoid, nn.ELU, nn.SELU),
    *(nn.CELU, nn.Softplus, nn.Softsign, nn.ReLU6, nn.Hardtanh, nn.Hardswish, nn.Mish),
)


def steps_of(model: nn.Module, routes: Mapping[str, Routes]) -> list[Step]:
    """Say how `model` runs on a stack, layer by layer.

    Args:
        model: A chain of layers (`nn.Sequential`, nested or not) is taken apart; any other module
            is one step.
        routes: Of linear layers, by name, as `stacked_linear` takes them.

    Returns:
        Functions from an input of shape `(M, N, ...)` to the next layer's.
    """
    layers = _chain(model, "")
    if len({id(layer) for _, layer in layers}) < len(layers):
        return [_vmapped("", model)]  # a layer that stands twice has its weights under one name
    return [_step_of(name, layer, routes.get(name, TORCH)) for name, layer in layers]


def has_rate(layer: nn.Module) -> bool:
    """Whether this is a dropout layer with a rule here."""
    return type(layer) in (Dropout, ActivationDropout) and layer.dims is None


def _chain(module: nn.Module, name: str) -> list[tuple[str, nn.Module]]:
    hooked = module._forward_hooks or module._forward_pre_hooks
    if type(module) is not nn.Sequential or hooked:
        return [(name, module)]
    children = (
        (f"{name}.{key}" if name else key, child)
        for key, child in module._modules.items()
        if child is not None
    )
    return [layer for key, child in children for layer in _chain(child, key)]


def _step_of(name: str, layer: nn.Module, routes: Routes) -> Step:
    plain = not (layer._forward_hooks or layer._forward_pre_hooks)
    if plain and type(layer) is nn.Linear:
        return _linear(name, routes)
    if plain and isinstance(layer, ActivationDropout) and has_rate(layer):
        return _activation_dropout(name, layer)
    if plain and isinstance(layer, Dropout) and has_rate(layer):
        return _dropout(name, layer)
    if type(layer) in _POINTWISE:
        return lambda x, _: layer(x)
    if isinstance(layer, nn.Flatten) and (layer.start_dim, layer.end_dim) == (1, -1):
        return lambda x, _: x.flatten(2)
    return _vmapped(name, layer)


def _linear(name: str, routes: Routes) -> Step:
    def step(x: Tensor, run: Pass) -> Tensor:
        weight, bias = run.parameters[f"{name}.weight"], run.parameters.get(f"{name}.bias")
        y = stacked_linear(x.flatten(1, -2), weight, bias, routes)
        return y.reshape(*x.shape[:-1], y.shape[-1])

    return step


def _dropout(name: str, layer: Dropout) -> Step:
    def step(x: Tensor, run: Pass) -> Tensor:
        if layer.training:
            return masked_scale_members(x, *run.draws(name))
        return _scaled_in_evaluation(name, layer, x, run)

    return step


def _activation_dropout(name: str, layer: ActivationDropout) -> Step:
    activation, slope = layer.activation, layer.negative_slope

    def step(x: Tensor, run: Pass) -> Tensor:
        if not layer.training:
            return _scaled_in_evaluation(name, layer, activate(x, activation, slope), run)
        if can_fuse(x, activation):
            return masked_activation_members(x, run.draws(name), activation, slope)
        return masked_scale_members(activate(x, activation, slope), *run.draws(name))

    return step


def _scaled_in_evaluation(name: str, layer: Dropout, x: Tensor, run: Pass) -> Tensor:
    if layer.scale == "train":
        return x
    return x * run.shares[name].to(x.dtype).reshape(-1, *[1] * (x.ndim - 1))


def _vmapped(name: str, layer: nn.Module) -> Step:
    def step(x: Tensor, run: Pass) -> Tensor:
        def member(
            parameters: dict[str, Tensor], buffers: dict[str, Tensor], x: Tensor, seeds: Tensor
        ) -> Tensor:
            with given_seeds(_counting(seeds, run)):
                result: Tensor = torch.func.functional_call(layer, (parameters, buffers), (x,))
                return result

        own = _within(run.parameters, name), _within(run.buffers, name)
        result: Tensor = torch.func.vmap(member)(*own, x, run.seeds[:, run.taken :])
        return result

    return step


def _counting(seeds: Tensor, run: Pass) -> Iterator[Tensor]:
    for seed in seeds.unbind():
        run.taken += 1
        yield seed


def _within(state: Mapping[str, Tensor], name: str) -> dict[str, Tensor]:
    """Those tensors that belong to the layer `name`, by the names that it gives them."""
    prefix = f"{name}." if name else ""
    return {key[len(prefix) :]: value for key, value in state.items() if key.startswith(prefix)}
