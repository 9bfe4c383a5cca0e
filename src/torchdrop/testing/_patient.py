"""The dropout under examination: how it is called, copied, and had at another rate."""

from __future__ import annotations

import copy
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pickle import PicklingError
from typing import Any, Literal, TypeAlias

import torch
from torch import Tensor, nn

Subject: TypeAlias = nn.Module | Callable[[Tensor, bool], Tensor]
Build: TypeAlias = Callable[[float], Subject]

_NOT_COPYABLE = (TypeError, RuntimeError, AttributeError, NotImplementedError, PicklingError)


@dataclass(frozen=True)
class Patient:
    """What is examined, and what its user says of it.

    Attributes:
        subject: A module, or a function of a tensor and the mode.
        p: Probability of dropping, strictly between 0 and 1 but for single checks.
        shape: Of the inputs.
        shared_axes: Axes along which the mask is meant to be shared.
        scale: Whether kept elements are rescaled in training or in evaluation.
        elementwise: Whether each output is one input, dropped or scaled.
        build: Makes the same dropout at another rate; `None` where nobody knows how.
        seed: Of every check.
        calls: How often it is called to estimate a rate.
        samples: What was drawn at each rate, kept for all checks.
    """

    subject: Subject
    p: float
    shape: tuple[int, ...]
    shared_axes: tuple[int, ...]
    scale: Literal["train", "eval"]
    elementwise: bool
    build: Build | None
    seed: int
    calls: int
    samples: dict[float, Any] = field(default_factory=dict)

    def __call__(self, x: Tensor, training: bool = True) -> Tensor:
        """Drop, in the mode given; modules are switched by their own `train` and `eval`."""
        if isinstance(self.subject, nn.Module):
            (self.subject.train if training else self.subject.eval)()
            return self._checked(x, self.subject(x))
        return self._checked(x, self.subject(x, training))

    @property
    def module(self) -> nn.Module:
        """The module that is examined.

        Raises:
            TypeError: If it is a function.
        """
        if not isinstance(self.subject, nn.Module):
            raise TypeError("a function has no module.")
        return self.subject

    def factor(self, p: float) -> float:
        """What kept elements ought to be multiplied by in training, at rate `p`."""
        return 1 / (1 - p) if self.scale == "train" else 1.0

    def copy(self) -> Patient:
        """The same with a module of its own, where the module can be copied at all."""
        if not isinstance(self.subject, nn.Module):
            return self
        try:
            return replace(self, subject=copy.deepcopy(self.subject))
        except _NOT_COPYABLE:
            return self

    def at(self, p: float) -> Patient:
        """The same at another rate, newly built; at its own rate a copy."""
        if p == self.p or self.build is None:
            return self.copy()
        return replace(self, subject=self.build(p), p=p)

    def inputs(self, dtype: torch.dtype = torch.float32, elements: int = 0) -> Tensor:
        """Numbers from 1 to 2, none of them 0, spread evenly in every part of the tensor.

        Args:
            dtype: Of the tensor.
            elements: How many there must be at least: the first axis is made longer until then.

        Returns:
            A tensor of the patient's shape, but for that.
        """
        size = torch.Size(self.shape).numel()
        shape = (self.shape[0] * -(-max(elements, size) // size), *self.shape[1:])
        steps = torch.arange(torch.Size(shape).numel(), dtype=torch.float64)
        return (1 + (steps * 0.6180339887498949) % 1).to(dtype).reshape(shape)

    def _checked(self, x: Tensor, y: Any) -> Tensor:
        """Refuse what is not a tensor, and what the element-wise checks cannot compare to `x`."""
        if not isinstance(y, Tensor):
            raise TypeError(
                f"it gives a {type(y).__name__}, not a tensor; hand over a function that takes "
                "the tensor out."
            )
        if self.elementwise and y.shape != x.shape:
            raise TypeError(
                f"it gives shape {tuple(y.shape)} for {tuple(x.shape)}; for a layer that computes, "
                "say elementwise=False."
            )
        return y
