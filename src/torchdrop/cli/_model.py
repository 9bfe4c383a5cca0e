"""A model and its inputs as they are named on the command line."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor, nn

from ..errors import ModelError, SettingError
from ..tuning import import_factory


def build_model(name: str) -> nn.Module:
    """Import a model, or what builds it, by `package.module:callable`."""
    try:
        factory = import_factory(name)
    except ModelError:
        raise
    except Exception as error:  # whatever the user's module does when it is imported
        raise ModelError(f"The model's module cannot be imported: {_said(error)}.") from error
    if isinstance(factory, nn.Module):
        return factory
    try:
        model = factory()  # type: ignore[call-arg]
    except Exception as error:
        raise ModelError(
            f"{name} builds no model when called without arguments: {_said(error)}. "
            "Name a function that takes none."
        ) from error
    if not isinstance(model, nn.Module):
        raise ModelError(
            f"{name} gives a {type(model).__name__}; name a callable that returns a "
            "torch.nn.Module, or a module itself."
        )
    return model


def _said(error: Exception) -> str:
    return f"{type(error).__name__}: {error}".rstrip(". ")


def random_inputs(shapes: Sequence[str]) -> tuple[Tensor, ...]:
    """Draw one input for each shape, always the same ones."""
    return tuple(_input(text) for text in shapes)


def _input(text: str) -> Tensor:
    sizes, colon, limit = text.partition(":")
    try:
        shape = [int(size) for size in sizes.split(",")]
        below = int(limit) if colon else 1
    except ValueError:
        shape, below = [], 0
    if below < 1 or any(size < 1 for size in shape) or not shape:
        raise SettingError(
            f"--input is a shape such as 1,3,224,224, or 1,128:1000 for whole numbers below 1000; "
            f"got {text!r}."
        )
    generator = torch.Generator().manual_seed(0)
    if colon:
        return torch.randint(below, shape, generator=generator)
    return torch.randn(shape, generator=generator)
