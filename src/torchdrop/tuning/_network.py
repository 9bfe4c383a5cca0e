"""Where a sweep's networks come from: called with p, checked once, and found again later."""

from __future__ import annotations

import importlib
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn

from ..data import Dataset
from ..errors import ModelError
from ..modes import evaluating, training
from ..networks import MLP
from ..nn import sites_to_thin
from ..surgery import thin_

NetworkFactory = Callable[[float], nn.Module]

_PROBE_ROWS = 8


@dataclass(frozen=True)
class Thinned:
    """A recipe for networks that skip what they drop, as a sweep calls it.

    Units are kept each by itself (`count="binomial"`), so that layers of any width have the p of
    the grid; an exact number would round p to a whole unit, and small ones to 0 in narrow layers.

    Attributes:
        make_network: Builds the plain network from p.
        groups: Parts of a mini-batch that draw their own units, at least 1.
    """

    make_network: NetworkFactory
    groups: int = 1

    def __call__(self, p: float) -> nn.Module:
        """Build the network at `p`, and thin its chains; at p = 0 there need be none."""
        model = build(self.make_network, p)
        if p > 0 or _has_sites(model):
            thin_(model, groups=self.groups)
        return model


def _has_sites(model: nn.Module) -> bool:
    chains = (chain for chain in model.modules() if type(chain) is nn.Sequential)
    return any(sites_to_thin(list(chain)) for chain in chains)


def import_factory(name: str) -> NetworkFactory:
    """Import `package.module:callable`.

    Args:
        name: A module's name, a colon, and the name of a callable in it that takes p.

    Returns:
        The callable.

    Raises:
        ModelError: If there is no such module or callable.
    """
    module_name, _, attribute = name.partition(":")
    if not module_name or not attribute:
        raise ModelError(f"A model is given as package.module:callable; got {name!r}.")
    try:
        module = importlib.import_module(module_name)
    except ImportError as error:
        raise ModelError(
            f"The model's module {module_name} cannot be imported: {error}."
        ) from error
    factory = getattr(module, attribute, None)
    if not callable(factory):
        raise ModelError(f"{module_name} has no callable named {attribute}.")
    return factory  # type: ignore[no-any-return]


def describe(make_network: NetworkFactory) -> dict[str, Any]:
    """Say in plain JSON types how the factory can be found again, as far as it can be."""
    if isinstance(make_network, MLP):
        return {
            "kind": "mlp",
            "widths": list(make_network.widths),
            "activation": make_network.activation,
            "fuse": make_network.fuse,
        }
    if isinstance(make_network, Thinned):
        inner = describe(make_network.make_network)
        return {"kind": "thinned", "network": inner, "groups": make_network.groups}
    module = getattr(make_network, "__module__", None)
    name = getattr(make_network, "__qualname__", "<unnamed>")
    if getattr(sys.modules.get(module or ""), name, None) is make_network and module != "__main__":
        return {"kind": "callable", "name": f"{module}:{name}"}
    return {"kind": "local", "name": name}


def rebuild(description: Mapping[str, Any]) -> NetworkFactory:
    """Turn a description made by `describe` back into a factory.

    Args:
        description: What `describe` returned.

    Returns:
        A callable that takes p and returns a network.

    Raises:
        ModelError: If the factory was a local function or cannot be imported.
    """
    if description["kind"] == "mlp":
        fuse = description.get("fuse", False)  # older runs do not have it
        return MLP(tuple(description["widths"]), description["activation"], fuse)
    if description["kind"] == "thinned":
        return Thinned(rebuild(description["network"]), description["groups"])
    if description["kind"] == "callable":
        return import_factory(description["name"])
    raise ModelError(
        f"The run's network came from {description['name']}, which cannot be imported; define it "
        "at the top of a module and tune again, or load model.safetensors into it yourself."
    )


def check_network(make_network: NetworkFactory, data: Dataset, p: float) -> nn.Module:
    """Build the network once and refuse it if it cannot learn this task or ignores p.

    Args:
        make_network: Called with `p`.
        data: What the network must fit.
        p: A probability of dropping above 0.

    Returns:
        The network that was built for the check.

    Raises:
        ModelError: If the network cannot be built or run, its output does not fit the target, or
            two passes in training mode agree although p is above 0.
    """
    rows = data.train.x[:_PROBE_ROWS]
    with torch.random.fork_rng(devices=[]):
        model = build(make_network, p)
        _check_output(_run(model, rows, data), data)
        with training(model), torch.no_grad():
            drops = not torch.equal(model(rows), model(rows))
    if not drops:
        raise ModelError(
            f"The network built with p={p:g} drops nothing: two passes in training mode were "
            "equal. Pass p on to its dropout layers."
        )
    return model


def build(make_network: NetworkFactory, p: float) -> nn.Module:
    """Call the factory with `p`.

    Args:
        make_network: A callable that takes p.
        p: Probability of dropping.

    Returns:
        The network.

    Raises:
        ModelError: If what comes back is no module, or has nothing to train.
    """
    model = make_network(p)
    if not isinstance(model, nn.Module):
        raise ModelError(
            f"A model callable takes p and returns a torch.nn.Module; got {type(model).__name__}."
        )
    if not any(parameter.requires_grad for parameter in model.parameters()):
        raise ModelError("The network has no parameters to train.")
    return model


def _run(model: nn.Module, rows: Tensor, data: Dataset) -> Tensor:
    try:
        with evaluating(model), torch.no_grad():
            output = model(rows)
    except (RuntimeError, ValueError, TypeError, IndexError) as error:
        reason = str(error).splitlines()[0].rstrip(".")
        raise ModelError(
            f"The network does not fit the data, whose rows have shape {data.shape}: {reason}."
        ) from error
    if not isinstance(output, Tensor):
        raise ModelError(f"The network must return one tensor; got {type(output).__name__}.")
    return output


def _check_output(output: Tensor, data: Dataset) -> None:
    rows = min(_PROBE_ROWS, len(data.train))
    classifying = data.task == "classification"
    wanted = [(rows, data.outputs)] if classifying else [(rows, 1), (rows,)]
    if tuple(output.shape) not in wanted:
        raise ModelError(
            f"The network's output does not fit the target: for {rows} rows and {data.outputs} "
            f"{'classes' if classifying else 'target value'}, wanted shape "
            f"{' or '.join(map(str, wanted))}; got {tuple(output.shape)}."
        )
