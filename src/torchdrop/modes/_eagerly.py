"""Run compiled models as they were written, where calls must be seen."""

from __future__ import annotations

from contextlib import AbstractContextManager, nullcontext

import torch
from torch import nn
from torch._dynamo.eval_frame import OptimizedModule


def eagerly(model: nn.Module) -> AbstractContextManager[object]:
    """Let a compiled model run without its graph inside the block.

    Nobody sees the calls within a graph, and none can be changed.

    Args:
        model: Any module; where no part of it is compiled, nothing happens.

    Returns:
        A context manager.
    """
    if any(
        isinstance(module, OptimizedModule) or module._compiled_call_impl is not None
        for module in model.modules()
    ):
        stance: AbstractContextManager[object] = torch.compiler.set_stance("force_eager")
        return stance
    return nullcontext()
