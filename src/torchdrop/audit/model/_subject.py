"""A model on its example, to be run without a trace."""

from __future__ import annotations

import copy
import warnings
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, ExitStack, contextmanager, nullcontext
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.parameter import is_lazy
from torch.utils import _pytree as pytree

from ...errors import ModelError
from ...modes import eagerly
from ...sites import arguments, named_modules, unregistered_modules, untouched

Watching = Callable[[Any], AbstractContextManager[Any]]

_SEED = 0


def _blind(_: Any) -> AbstractContextManager[None]:
    return nullcontext()


@dataclass(frozen=True, slots=True)
class Subject:
    """What is audited.

    Attributes:
        model: The model, or a copy that shares its parameters.
        known: Its modules with their names.
        hidden: Modules in plain lists and dicts, with their names.
        args: Positional arguments of the example.
        kwargs: Named ones.
    """

    model: nn.Module
    known: Mapping[nn.Module, str]
    hidden: Mapping[nn.Module, str]
    args: tuple[Any, ...]
    kwargs: Mapping[str, Any]

    @property
    def names(self) -> dict[nn.Module, str]:
        """All modules with their names."""
        return {**self.known, **self.hidden}

    @property
    def on_meta(self) -> bool:
        """Whether there are shapes alone, and no numbers."""
        values = [*self.model.parameters(), *_tensors((self.args, dict(self.kwargs)))]
        return any(value.is_meta for value in values)

    def run(self, mode: bool, watching: Watching = _blind, *, seed: int = _SEED) -> Any:
        """Call the model on a copy of the example.

        Args:
            mode: Whether in training mode.
            watching: Makes, of the arguments, the context that the call runs in.
            seed: Of torch's generator.

        Returns:
            What the model gives.

        Raises:
            ModelError: If it does not run.
        """
        torch.manual_seed(seed)
        args, kwargs = pytree.tree_map_only(
            Tensor, lambda x: x.detach().clone(), (self.args, dict(self.kwargs))
        )
        try:
            self.model.train(mode)
            with watching((args, kwargs)):
                return self.model(*args, **kwargs)
        except Exception as error:
            raise ModelError(
                f"The model does not run on the example: {type(error).__name__}: "
                f"{str(error).rstrip('. ')}. Give an example as its forward takes it."
            ) from error


@contextmanager
def subject(model: nn.Module, example: Any) -> Iterator[Subject]:
    """Make a model ready to be run; when the block ends nothing has changed.

    A copy is run, so that buffers and caches stay; one that cannot be copied is run itself, and
    put back as it was.

    Args:
        model: Any module. Lazy layers get their shapes in the copy.
        example: One tensor, a tuple of arguments, or a mapping of named ones.

    Yields:
        The subject.
    """
    args, kwargs = arguments(example)
    with ExitStack() as stack:
        stack.enter_context(untouched(_all_modules(model)))
        stack.enter_context(warnings.catch_warnings())
        warnings.simplefilter("ignore")
        stack.enter_context(eagerly(model))
        copied = _copy(model)
        if copied is not model:
            stack.enter_context(untouched(_all_modules(copied)))
        known = named_modules(copied)
        ready = Subject(copied, known, unregistered_modules(known), args, kwargs)
        if any(map(is_lazy, copied.parameters())):
            with torch.no_grad():
                ready.run(False)
            known = named_modules(copied)
            ready = Subject(copied, known, unregistered_modules(known), args, kwargs)
        yield ready


def _all_modules(model: nn.Module) -> list[nn.Module]:
    known = named_modules(model)
    return [*known, *unregistered_modules(known)]


def _copy(model: nn.Module) -> nn.Module:
    # What is in the memo counts as copied: the parameters are shared, unless they have no shape.
    lazy = any(map(is_lazy, model.parameters()))
    memo = {} if lazy else {id(weight): weight for weight in model.parameters()}
    try:
        return copy.deepcopy(model, memo)
    except Exception:
        if lazy:
            raise
        return model


def _tensors(values: Any) -> list[Tensor]:
    return [x for x in pytree.tree_leaves(values) if isinstance(x, Tensor)]
