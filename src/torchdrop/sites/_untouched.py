"""Run a model and leave no trace: modes, attributes, buffers and random numbers come back."""

from __future__ import annotations

import random
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn


@contextmanager
def untouched(modules: Iterable[nn.Module]) -> Iterator[None]:
    """Put everything back that running a model changes, also after an exception.

    Each attribute of each module, `training` and the caches that a forward keeps included; the
    contents of buffers; and the random states of torch, Python and NumPy. What a forward changes
    in place inside a list, a dict or a parameter is not noticed.

    Args:
        modules: All modules of the model.

    Yields:
        Nothing.
    """
    saved = [(module, _copies(vars(module))) for module in modules]
    buffers = [
        (buffer, buffer.detach().clone())
        for module, _ in saved
        for buffer in module._buffers.values()
        if buffer is not None
    ]
    states = _random_states()
    try:
        yield
    finally:
        for module, attributes in saved:
            _restore(vars(module), attributes)
        with torch.no_grad():
            for buffer, content in buffers:
                # Batch normalization changes them without counting it as a version.
                if not buffer.is_meta and not torch.equal(buffer, content):
                    buffer.copy_(content)
        _set_random_states(*states)


def _copies(attributes: dict[str, Any]) -> dict[str, tuple[Any, dict[Any, Any] | None]]:
    """Note each attribute, and of torch's own dicts (of buffers, of children) the entries too."""
    return {
        name: (value, dict(value) if name.startswith("_") and isinstance(value, dict) else None)
        for name, value in attributes.items()
    }


def _restore(
    attributes: dict[str, Any], saved: dict[str, tuple[Any, dict[Any, Any] | None]]
) -> None:
    for name in set(attributes) - set(saved):
        del attributes[name]
    for name, (value, entries) in saved.items():
        attributes[name] = value
        if entries is not None and not _is_same(value, entries):
            value.clear()
            value.update(entries)


def _is_same(value: dict[Any, Any], entries: dict[Any, Any]) -> bool:
    """Whether a dict holds the very objects that it held."""
    return list(map(id, value)) == list(map(id, entries)) and all(
        value[key] is entry for key, entry in entries.items()
    )


def _random_states() -> tuple[Any, ...]:
    return torch.get_rng_state(), _cuda_states(), random.getstate(), np.random.get_state()


def _set_random_states(cpu: Tensor, cuda: list[Tensor], python: Any, numpy: Any) -> None:
    torch.set_rng_state(cpu)
    if cuda:
        torch.cuda.set_rng_state_all(cuda)
    random.setstate(python)
    np.random.set_state(numpy)


def random_fingerprint() -> bytes:
    """Give a value that changes whenever torch draws a random number."""
    states = torch.get_rng_state(), *_cuda_states()
    return b"".join(state.numpy().tobytes() for state in states)


def _cuda_states() -> list[Tensor]:
    running: bool = torch.cuda.is_initialized()  # type: ignore[no-untyped-call]
    return torch.cuda.get_rng_state_all() if running else []
