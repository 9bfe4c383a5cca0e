"""Where the thinned layers of a model put their gradients."""

from __future__ import annotations

from collections.abc import Iterator

from torch import nn

from ..functional import GradientMemory
from ._thinned_pair import ThinnedLinear
from ._thinned_sequential import ThinnedSequential


def gradient_memories(model: nn.Module) -> Iterator[GradientMemory]:
    """Find the memories of all thinned layers.

    Args:
        model: Any module.

    Yields:
        Each memory; some of them more than once.
    """
    for module in model.modules():
        if isinstance(module, ThinnedSequential):
            yield module.gradient_memory
        elif isinstance(module, ThinnedLinear):
            yield from (pair.memory for pair in (module.before, module.behind) if pair is not None)
