"""One call of a watched model."""

from __future__ import annotations

import weakref
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

Input = tuple["weakref.ref[Tensor]", int]


@dataclass(slots=True)
class Call:
    """What is known of a call when it begins.

    Attributes:
        grad: Whether gradients are on.
        training: The mode of the model itself.
        inputs: The tensors that came in, with their versions; none of them is kept alive.
        backward: Whether it is inside a backward pass, which recomputes.
        state: The random state before it; `None` where nobody asked.
    """

    grad: bool
    training: bool
    inputs: tuple[Input, ...]
    backward: bool
    state: int | None = None

    def same_inputs(self, other: Call) -> bool:
        """Whether both got the very same tensors, unchanged; False for calls without any."""
        if not self.inputs or len(self.inputs) != len(other.inputs):
            return False
        pairs = zip(self.inputs, other.inputs, strict=True)
        return all(a() is b() is not None and v == w for (a, v), (b, w) in pairs)


def begin(args: tuple[Any, ...], kwargs: Mapping[str, Any], *, training: bool) -> Call:
    """Note a call that is about to run.

    Args:
        args: Of the call.
        kwargs: Of the call.
        training: The mode of the model.

    Returns:
        The record.
    """
    return Call(
        grad=torch.is_grad_enabled(),
        training=training,
        inputs=tuple(_inputs((*args, *kwargs.values()))),
        backward=in_backward(),
    )


def in_backward() -> bool:
    """Whether autograd is at work in this thread, so that a forward now is a recomputation."""
    return torch._C._current_graph_task_id() != -1


def in_transform() -> bool:
    """Whether the code runs under `vmap` or another transform of functions."""
    return torch._C._functorch.peek_interpreter_stack() is not None


def is_tracing() -> bool:
    """Whether `torch.jit.trace` is recording, which would take down what a hook computes."""
    return bool(torch._C._is_tracing())


def first_tensor(output: Any) -> Tensor | None:
    """Find a tensor in what a model gave.

    Args:
        output: A tensor, or a sequence, mapping or record with tensors.

    Returns:
        The first; `None` if there is none on the first two levels.
    """
    if isinstance(output, Tensor):
        return output
    if isinstance(output, Mapping):
        output = tuple(output.values())
    if isinstance(output, (tuple, list)):
        for one in output:
            if isinstance(one, Tensor):
                return one
            if isinstance(one, (tuple, list)) and one and isinstance(one[0], Tensor):
                return one[0]
    return None


def fingerprint(output: Any, most: int = 4096) -> Tensor | None:
    """Copy some elements of an output, spread over it.

    Args:
        output: What a model gave.
        most: How many elements, about.

    Returns:
        A flat tensor without gradients; `None` if there is no tensor in the output.
    """
    tensor = first_tensor(output)
    if tensor is None or not tensor.numel():
        return None
    flat = tensor.detach().reshape(-1)
    return flat[:: max(1, flat.numel() // most)].clone()


def same(first: Tensor | None, second: Tensor | None) -> bool:
    """Whether two fingerprints are equal, bit for bit but for the sign of zeros.

    Args:
        first: From `fingerprint`.
        second: From `fingerprint`.

    Returns:
        False if there is nothing to compare, or one has NaN.
    """
    if first is None or second is None or first.shape != second.shape:
        return False
    return torch.equal(first, second)


def _inputs(values: Iterable[Any]) -> Iterable[Input]:
    for value in values:
        if isinstance(value, Tensor) and not value.is_inference():
            yield weakref.ref(value), value._version
        elif isinstance(value, Tensor):
            yield weakref.ref(value), 0
