"""Run a model on an example in both modes, and record what happens."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.parameter import is_lazy

from ..errors import ModelError, SettingError
from ._names import is_compiled
from ._recorder import Recorder
from ._site import Site
from ._tags import tagged
from ._untouched import untouched

_SEED = 0


@dataclass(frozen=True, slots=True)
class Observation:
    """What happened in training mode and in evaluation mode, and how rates were told apart."""

    training: Recorder
    evaluation: Recorder
    tags: Mapping[float, Sequence[int]]


def observe(
    model: nn.Module, example: Any, names: Mapping[nn.Module, str], sites: Sequence[Site]
) -> Observation:
    """Run the model once in training mode and once in evaluation mode, and leave no trace.

    Args:
        model: Any module; a compiled one runs uncompiled.
        example: One input, a tuple of arguments, or a dict of keyword arguments.
        names: Its modules, with those it does not know of.
        sites: Found in it without running it.

    Returns:
        Both records.

    Raises:
        SettingError: If the example is of another kind.
        ModelError: If the model does not run on it, or has lazy parameters without a shape.
    """
    args, kwargs = arguments(example)
    if any(is_lazy(parameter) for parameter in model.parameters()):
        raise ModelError(
            "The model has lazy parameters, which a first run gives a shape for good; run it once "
            "yourself, then look for its dropout."
        )
    layers = {site.module for site in sites if site.kind in ("module", "unregistered")}
    records = Recorder(names, layers), Recorder(names, layers)
    with untouched(names), _eager(model), tagged(sites) as tags, torch.no_grad():
        for record, mode in zip(records, (True, False), strict=True):
            torch.manual_seed(_SEED)
            # Its own train(), so that parts kept frozen by an override stay so.
            model.train(mode)
            record.flow.take(_run(model, args, kwargs, record), "output")
    return Observation(*records, tags)


def arguments(example: Any) -> tuple[tuple[Any, ...], dict[str, Any]]:
    """Read how an example is given to a model.

    Args:
        example: One tensor, a tuple of arguments, or a mapping of named ones.

    Returns:
        The arguments of the call, by place and by name.

    Raises:
        SettingError: If it is something else.
    """
    if isinstance(example, Tensor):
        return (example,), {}
    if isinstance(example, tuple):
        return example, {}
    if isinstance(example, Mapping):
        return (), dict(example)
    raise SettingError(
        "example is one tensor, a tuple of arguments or a dict of keyword arguments; got "
        f"{type(example).__name__}. Put other inputs into a tuple, (x,)."
    )


def _run(model: nn.Module, args: tuple[Any, ...], kwargs: dict[str, Any], record: Recorder) -> Any:
    args, kwargs = _copied(args), _copied(kwargs)  # since a layer may work in place
    try:
        with record.watching((args, kwargs)):
            return model(*args, **kwargs)
    except Exception as error:
        raise ModelError(
            f"The model does not run on the example: {_said(error)}. Give an "
            "example as its forward takes it."
        ) from error


def _copied(values: Any) -> Any:
    if isinstance(values, Tensor):
        return values.clone()
    if type(values) in (tuple, list):
        return type(values)(map(_copied, values))
    if type(values) is dict:
        return {key: _copied(value) for key, value in values.items()}
    return values


def _said(error: Exception) -> str:
    return f"{type(error).__name__}: {error}".rstrip(". ")


@contextmanager
def _eager(model: nn.Module) -> Iterator[None]:
    """Let compiled parts run uncompiled: a graph hides its calls."""
    with ExitStack() as stack:
        if any(map(is_compiled, model.modules())):
            stack.enter_context(torch.compiler.set_stance("force_eager"))
        yield
