"""The random state that a model draws its masks from, as a number that can be compared."""

from __future__ import annotations

from hashlib import blake2b

import torch
from torch import nn


class Draws:
    """Reads the state of the generators of a model.

    Torch's own on the CPU and on the devices of the model's weights, and those that its modules
    hold as attributes. A reading copies and hashes 5 KB for the CPU, so readings are taken in
    a few steps only.

    Args:
        model: Any module.
    """

    def __init__(self, model: nn.Module) -> None:
        self._sources = [torch.default_generator]
        devices = {tensor.device for tensor in (*model.parameters(), *model.buffers())}
        self._sources += [_of_device(d) for d in sorted(devices, key=str) if d.type == "cuda"]
        self._sources += [
            value
            for module in model.modules()
            for value in vars(module).values()
            if isinstance(value, torch.Generator)
        ]

    def state(self) -> int:
        """Give a number that differs if anything was drawn or seeded; the same while CUDA records.

        It means nothing in another process, as Python salts its hashes.
        """
        return hash(self._read())

    def digest(self) -> int:
        """The same as a number below 2**56 that is equal in all processes, and costs more."""
        return int.from_bytes(blake2b(b"".join(self._read()), digest_size=7).digest(), "big")

    def _read(self) -> tuple[bytes, ...]:
        if torch.cuda.is_available() and torch.cuda.is_current_stream_capturing():
            return ()
        return tuple(source.get_state().numpy().tobytes() for source in self._sources)


def is_sampled(step: int) -> bool:
    """Whether a step of training is one of those that are looked at closely.

    Args:
        step: Steps before it.

    Returns:
        True for the first four, and for three in a row of each 64.
    """
    return step < 4 or step % 64 < 3


def is_geometric(count: int) -> bool:
    """Whether a count is a power of two, or one of the first four.

    Args:
        count: From 0.

    Returns:
        The verdict.
    """
    return count < 4 or count & (count - 1) == 0


def is_seeded_inside(model: nn.Module) -> bool:
    """Whether torchdrop's `same_masks` sees to the model's masks at the moment.

    Args:
        model: The module that is called.

    Returns:
        The verdict.
    """
    return any(
        getattr(hook, "__module__", "").endswith("modes._same_masks")
        for part in model.modules()
        for hook in part._forward_pre_hooks.values()
    )


def _of_device(device: torch.device) -> torch.Generator:
    torch.cuda.init()  # type: ignore[no-untyped-call]
    generator: torch.Generator = torch.cuda.default_generators[device.index or 0]
    return generator
