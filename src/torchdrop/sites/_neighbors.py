"""What stands before and after a layer by order alone, where no run can tell."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from torch import nn

from ._names import label, uncompiled


def neighbors(
    names: Mapping[nn.Module, str],
) -> dict[nn.Module, tuple[str | None, str | None]]:
    """Read neighbors off `torch.nn.Sequential`, nested ones unrolled.

    Args:
        names: The model's modules.

    Returns:
        By layer, what stands before and after it; a layer that is used twice has the neighbors of
        its first place. Layers that are in no `Sequential` are left out: only a run knows theirs.
    """
    found: dict[nn.Module, tuple[str | None, str | None]] = {}
    # Outer ones come first, and know more.
    for module in names:
        if isinstance(module, nn.Sequential):
            chain = list(_unrolled(module))
            labels = [None, *(label(names[layer], layer) for layer in chain), None]
            for index, layer in enumerate(chain):
                found.setdefault(layer, (labels[index], labels[index + 2]))
    return found


def _unrolled(chain: nn.Sequential) -> Iterator[nn.Module]:
    for layer in map(uncompiled, chain):
        if type(layer) is nn.Sequential:
            yield from _unrolled(layer)
        else:
            yield layer
