"""All that a model is, besides its output: to show that something left it alone."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.modules import module as hooks


def outputs(model: nn.Module, inputs: dict[str, Any]) -> list[Tensor]:
    """Run `model` in its present mode and list the tensors that it gives."""
    with torch.no_grad():
        found = list(_tensors(model(**inputs)))
    assert found, "A model that gives no tensors shows nothing."
    return [tensor.clone() for tensor in found]


def evaluated(model: nn.Module, inputs: dict[str, Any]) -> list[Tensor]:
    """Run `model` in evaluation mode, by hand, and put every module's mode back by hand."""
    before = modes(model)
    model.eval()
    result = outputs(model, inputs)
    for name, module in model.named_modules():
        module.training = before[name]
    return result


def same(first: list[Tensor], second: list[Tensor]) -> bool:
    """Whether two lists of tensors hold the same bits."""
    return len(first) == len(second) and all(map(_same_bits, first, second))


def modes(model: nn.Module) -> dict[str, bool]:
    """List every module's mode."""
    return {name: module.training for name, module in model.named_modules()}


def statistics(model: nn.Module) -> dict[str, Tensor]:
    """Copy every buffer, the ones outside `state_dict` included."""
    return {name: buffer.clone() for name, buffer in model.named_buffers()}


def differences(model: nn.Module, before: dict[str, Any]) -> list[str]:
    """Name what is not as it was when `before` was taken by `everything`."""
    now = everything(model)
    changed = [name for name in before if name not in now or not _equal(before[name], now[name])]
    return changed + [f"new: {name}" for name in now if name not in before]


def everything(model: nn.Module) -> dict[str, Any]:
    """Copy weights, buffers, modes, classes, numbers and counts of hooks, and the random state."""
    found: dict[str, Any] = {
        f"state_dict[{name}]": value.clone()
        for name, value in model.state_dict().items()
        if isinstance(value, Tensor)
    }
    found.update((f"buffer {name}", value) for name, value in statistics(model).items())
    for name, module in model.named_modules():
        found[f"class {name}"] = type(module)
        found[f"hooks {name}"] = [len(module.__dict__[kind]) for kind in _HOOKS]
        for key, value in vars(module).items():
            if isinstance(value, (bool, int, float, str, type(None))):
                found[f"{name}.{key}"] = value
        found[f"forward {name}"] = "forward" in vars(module)
    found["global hooks"] = len(hooks._global_forward_hooks), len(hooks._global_forward_pre_hooks)
    found["grads"] = [parameter.grad is None for parameter in model.parameters()]
    found["random state"] = torch.get_rng_state()
    return found


_HOOKS = ("_forward_hooks", "_forward_pre_hooks", "_backward_hooks", "_state_dict_hooks")


def _tensors(value: Any) -> Iterator[Tensor]:
    if isinstance(value, Tensor):
        yield value
    elif isinstance(value, Mapping):
        for item in value.values():
            yield from _tensors(item)
    elif isinstance(value, (list, tuple)):
        for item in value:
            yield from _tensors(item)


def _equal(a: Any, b: Any) -> bool:
    if isinstance(a, Tensor):
        return isinstance(b, Tensor) and _same_bits(a, b)
    return bool(a == b)


def _same_bits(a: Tensor, b: Tensor) -> bool:
    alike = a.shape == b.shape and a.dtype == b.dtype
    return alike and torch.equal(_bits(a), _bits(b))


def _bits(value: Tensor) -> Tensor:
    return value.contiguous().reshape(-1).view(torch.uint8)
