"""A hash of tensors, and of a data set: whether two are the same, bit for bit."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping

import torch
from torch import Tensor

from ..data import Dataset


def digest(tensors: Mapping[str, Tensor], text: str = "") -> str:
    """Hash names, types, shapes and values of tensors.

    Args:
        tensors: On the CPU, of any type, in any order.
        text: Hashed with them.

    Returns:
        64 hexadecimal digits.
    """
    result = hashlib.sha256(text.encode())
    for name in sorted(tensors):
        value = tensors[name].detach().contiguous()
        result.update(f"\n{name} {value.dtype} {tuple(value.shape)}\n".encode())
        # Through bytes, since numpy has no bfloat16; flat, since a scalar cannot be viewed so.
        result.update(value.reshape(-1).view(torch.uint8).numpy().data)
    return result.hexdigest()


def fingerprint(data: Dataset) -> str:
    """Hash the content of a data set: its three parts, its task and its classes."""
    parts = {"train": data.train, "validation": data.validation, "test": data.test}
    tensors = {f"{name}.x": part.x for name, part in parts.items()}
    tensors |= {f"{name}.y": part.y for name, part in parts.items()}
    return digest(tensors, f"{data.task} {data.classes}")
