"""What `torch.compile` and data-parallel training wrap around a model."""

from __future__ import annotations

from typing import Any

from torch import nn
from torch.nn.parallel import DataParallel, DistributedDataParallel


def called(model: nn.Module) -> nn.Module:
    """Find the module to hook: inside data-parallel wrappers, which validation may go around.

    Args:
        model: What the user gave.

    Returns:
        The model, or what `torch.compile` made of it, whose graph hooks would break.
    """
    while isinstance(model, (DataParallel, DistributedDataParallel)):
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
        inner = called(model)
        inner = inner._modules.get("_orig_mod") or inner
        if inner is model:
            return model
        model = inner


def has_compiled_parts(model: nn.Module) -> bool:
    """Whether torch.compile holds the model or a part of it, where hooks and calls go unseen."""
    return any("_orig_mod" in m._modules or _compiled_in_place(m) for m in model.modules())


def _compiled_in_place(module: nn.Module) -> bool:
    compiled: Any = module._compiled_call_impl
    return compiled is not None
