"""Run compiled models as they were written, where calls must be seen."""

from __future__ import annotations

from contextlib import AbstractContextManager, nullcontext

import torch
from torch import nn


def eagerly(model: nn.Module) -> AbstractContextManager[object]:
    """Let a compiled model run without its graph inside the block.

    Nobody sees the calls within a graph, and none can be changed.

    Args:
        model: Any module; where no part of it is compiled, nothing happens.

    Returns:
        A context manager.
    """
    if not is_compiled(model):
        return nullcontext()
    stance: AbstractContextManager[object] = torch.compiler.set_stance("force_eager")
    return stance


def is_compiled(model: nn.Module) -> bool:
    """Whether a part of the model is compiled, by `torch.compile` or by `compile` of its own.

    Args:
        model: Any module.

    Returns:
        The verdict; finding it does not load the compiler.
    """
    return any(
        module._compiled_call_impl is not None or type(module).__name__ == "OptimizedModule"
        for module in model.modules()
    )
