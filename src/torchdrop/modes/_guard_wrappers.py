"""What `torch.compile` and data-parallel training wrap around a model."""

from __future__ import annotations

from typing import Any

from torch import nn
from torch.nn.parallel import DataParallel, DistributedDataParallel


def called(model: nn.Module) -> nn.Module:
    """Find the module to hook.

    Args:
        model: What the user gave.

    Returns:
        The module inside `DistributedDataParallel`, as validation may go around that; else what
        was given: hooks on what is inside would break a compiled graph, and miss replicas.
    """
    while isinstance(model, DistributedDataParallel):
        model = model.module
    return model


def named(model: nn.Module) -> nn.Module:
    """Find the module by whose names the user knows its parts: inside all wrappers.

    Args:
        model: What the user gave.

    Returns:
        The model itself.
    """
    while True:
        if isinstance(model, (DataParallel, DistributedDataParallel)):
            model = model.module
        elif isinstance(inner := model._modules.get("_orig_mod"), nn.Module):
            model = inner
        else:
            return model


def hides_calls(model: nn.Module) -> bool:
    """Whether hooks and calls inside go unseen: in compiled parts, and in replicas.

    Args:
        model: Any module.

    Returns:
        The verdict.
    """
    return any(
        isinstance(module, DataParallel)
        or "_orig_mod" in module._modules
        or _is_compiled_in_place(module)
        for module in model.modules()
    )


def _is_compiled_in_place(module: nn.Module) -> bool:
    compiled: Any = module._compiled_call_impl
    return compiled is not None
