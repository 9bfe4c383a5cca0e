"""What surgery changed, as tests look at it."""

import copy
from typing import Any

import torch
from torch import Tensor, nn

from torchdrop.surgery import Changes


def run(model: nn.Module, example: Any, seed: int = 0) -> list[Tensor]:
    example = copy.deepcopy(example)
    with torch.random.fork_rng(), torch.no_grad():
        torch.manual_seed(seed)
        result = model(**example) if isinstance(example, dict) else model(example)
    if isinstance(result, dict):
        return list(result.values())
    return list(result) if isinstance(result, tuple) else [result]


def sites(changes: Changes) -> list[str]:
    return [change.site for change in changes]


def why(changes: Changes, site: str) -> list[str]:
    return [change.why for change in changes.left if change.site == site]


def snapshot(model: nn.Module) -> tuple[Any, ...]:
    layers = [(name, type(layer), layer.training) for name, layer in model.named_modules()]
    weights = {key: value.clone() for key, value in model.state_dict().items()}
    hooks = [
        len(value)
        for layer in model.modules()
        for name, value in vars(layer).items()
        if name.endswith("_hooks")
    ]
    return layers, weights, hooks, repr(model)


def same(before: tuple[Any, ...], after: tuple[Any, ...]) -> bool:
    weights = before[1], after[1]
    return (
        before[0] == after[0]
        and before[2:] == after[2:]
        and list(weights[0]) == list(weights[1])
        and all(torch.equal(weights[0][key], weights[1][key]) for key in weights[0])
    )
