"""Graphs that were made in training mode, and drop whatever the model's mode."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import torch
from torch import fx, nn

from ._draft import Draft


def baked(names: Mapping[nn.Module, str]) -> Iterator[Draft]:
    """Report TorchScript and `torch.fx` graphs that drop by a constant.

    Args:
        names: A model's modules with their names.

    Yields:
        An error for each module with such a graph, the outermost alone.
    """
    inside: set[nn.Module] = set()
    for module, name in names.items():
        if module in inside:
            continue
        calls: list[str] = []
        if isinstance(module, torch.jit.ScriptModule):
            calls = _in_script(module)
        elif isinstance(module, fx.GraphModule):
            calls = in_graph(module.graph)
        if calls:
            inside.update(module.modules())
            yield draft(name, type(module).__name__, calls)


def draft(name: str, what: str, calls: list[str]) -> Draft:
    """Report a graph with the functions in it that drop by a constant.

    Args:
        name: Of the module.
        what: It is.
        calls: The functions, one for each call.

    Returns:
        An error.
    """
    calls_of = f"{len(calls)} call{'s' if len(calls) > 1 else ''} of `{calls[0]}`"
    message = f"{calls_of} in this {what} drop by a constant: it was made in training mode, and"
    return Draft("DRP207", "error", name, f"{message} eval() does not reach it.")


def in_graph(graph: fx.Graph) -> list[str]:
    """List the functions in a graph that drop by a constant, one for each call."""
    nodes = (node for node in graph.nodes if node.op == "call_function")
    return [name for node in nodes if (name := _name(node)) and _drops(name, node)]


def _name(node: fx.Node) -> str:
    packet = getattr(node.target, "overloadpacket", node.target)
    name = str(getattr(packet, "__name__", ""))
    return name if "dropout" in name or name == "scaled_dot_product_attention" else ""


def _drops(name: str, node: fx.Node) -> bool:
    if "attention" in name:
        return bool(_argument(node, 4, ("dropout_p",), 0.0))
    # Torch's own defaults differ.
    default = "alpha" not in name
    flag = _argument(node, 2, ("training", "train"), default)
    return flag is True and _argument(node, 1, ("p",), 0.5) != 0


def _argument(node: fx.Node, index: int, names: tuple[str, ...], default: Any) -> Any:
    if len(node.args) > index:
        return node.args[index]
    return next((node.kwargs[name] for name in names if name in node.kwargs), default)


def _in_script(module: torch.jit.ScriptModule) -> list[str]:
    try:
        graph: Any = module.inlined_graph
    except (AttributeError, RuntimeError):
        return []  # a module without a forward
    found = []
    for kind in ("dropout", "feature_dropout", "alpha_dropout", "feature_alpha_dropout"):
        for form in (kind, f"{kind}_"):
            for node in graph.findAllNodes(f"aten::{form}", recurse=True):
                p, flag = (_constant(value) for value in list(node.inputs())[1:3])
                if flag in (True, 1) and p != 0:
                    found.append(f"{form}()")
    return found


def _constant(value: Any) -> Any:
    return value.toIValue()
