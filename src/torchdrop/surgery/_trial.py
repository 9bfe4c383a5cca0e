"""Try things on a model without touching it: a copy that shares its parameters."""

from __future__ import annotations

import copy
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, TypeVar

import torch
from torch import Tensor, nn
from torch.nn.parameter import is_lazy

from ..errors import ModelError
from ..sites import arguments, tensors

M = TypeVar("M", bound=nn.Module)


def check_model(model: object) -> None:
    """Refuse what is no module."""
    if not isinstance(model, nn.Module):
        raise ModelError(f"A model is an instance of torch.nn.Module; got {type(model).__name__}.")


def shadow(model: M) -> M:
    """Copy a model's layers and buffers, but not its parameters, which both then share.

    Args:
        model: Any module; left as it is.

    Returns:
        A model whose structure, modes and buffers may be changed. Its parameters may not.

    Raises:
        ModelError: If it cannot be copied.
    """
    # What is in the memo counts as copied.
    memo = {id(weight): weight for weight in model.parameters()}
    try:
        return copy.deepcopy(model, memo)
    except (TypeError, RuntimeError, ValueError, NotImplementedError) as error:
        raise ModelError(
            f"{type(model).__name__} cannot be copied, and changes are tried on a copy: {error} "
            "Change it before it is wrapped."
        ) from error


def check_runnable(model: nn.Module) -> None:
    """Refuse models that cannot be watched while they run."""
    if type(model).__name__ == "OptimizedModule":
        raise ModelError("This model is compiled; insert dropout before torch.compile.")
    if any(map(is_lazy, model.parameters())):
        raise ModelError(
            "The model has lazy layers, which have no weights yet; run it once, then insert."
        )


def run(model: nn.Module, example: Any) -> list[Tensor]:
    """Run a model on copies of an example's tensors, with the same random numbers each time.

    Args:
        model: In the mode that it shall run in.
        example: One tensor, a tuple of arguments, or a mapping of named ones.

    Returns:
        The tensors in what it gives.
    """
    args, kwargs = arguments(copy.deepcopy(example))
    with torch.no_grad(), same_numbers():
        return [result.clone() for result in tensors(model(*args, **kwargs))]


@contextmanager
def same_numbers() -> Iterator[None]:
    """Start from one seed inside the block, and put torch's generators back after it."""
    with torch.random.fork_rng():
        torch.manual_seed(0)
        yield


def same_bits(some: list[Tensor], others: list[Tensor]) -> bool:
    """Whether two lists of tensors agree in number, shape, dtype and every bit."""
    return len(some) == len(others) and all(
        a.shape == b.shape and a.dtype == b.dtype and torch.equal(_bits(a), _bits(b))
        for a, b in zip(some, others, strict=True)
    )


def _bits(tensor: Tensor) -> Tensor:
    # NaN is not equal to itself, and 0 is equal to -0.
    return tensor.detach().contiguous().reshape(-1).view(torch.uint8)
