"""What must not change, and what must be found: input, weights, parameters, copies."""

from __future__ import annotations

import copy
from collections.abc import Iterable

import torch
from torch import Tensor

from ._measured import Measured, Result, Skipped
from ._patient import Patient


def input_is_left_alone(patient: Patient) -> Result:
    """The caller's tensor is the same after a call, in both modes."""
    if getattr(patient.subject, "inplace", False):
        return Skipped("inplace=True is meant to write into the input")
    before = patient.inputs()
    changed = 0
    with torch.no_grad():
        for training in (True, False):
            x = before.clone()
            patient(x, training)
            changed += int((x != before).sum())
    return Measured(
        "elements of the caller's tensor that a call has changed",
        changed,
        0,
        0,
        "it works in place on a tensor that is not its own, which spoils a residual branch.",
    )


def weights_are_left_alone(patient: Patient) -> Result:
    """No parameter is changed by calls, in either mode."""
    parameters = dict(patient.module.named_parameters())
    if not parameters:
        return Skipped("it has no parameters")
    before = {name: parameter.detach().clone() for name, parameter in parameters.items()}
    for training in (True, True, False):
        patient(patient.inputs(), training)
    return Measured(
        "elements of parameters that calls have changed",
        sum(int((parameters[name] != value).sum()) for name, value in before.items()),
        0,
        0,
        "it drops weights in the parameter itself, where they are lost for good. Compute with a "
        "masked copy, as torch.nn.utils.parametrize does.",
    )


def parameters_are_found(patient: Patient) -> Result:
    """Every tensor that the output's gradient leads to is among `parameters()`."""
    visible = _identities(patient.module.parameters())
    return Measured(
        "tensors that learn but are not in parameters()",
        sum(id(leaf) not in visible for leaf in _leaves(patient(patient.inputs()))),
        0,
        0,
        "the module that holds the weights is not registered: an optimizer never sees them, nor "
        "do state_dict, to() and eval(). Keep it as an attribute, not in a list or closure.",
    )


def copy_is_independent(patient: Patient) -> Result:
    """A deep copy works, and computes with its own weights."""
    twin = copy.deepcopy(patient.module)
    originals = _identities(_leaves(patient(patient.inputs())))
    y = twin.train()(patient.inputs())
    return Measured(
        "weights of the original that its copy computes with",
        sum(id(leaf) in originals for leaf in _leaves(y)),
        0,
        0,
        "a closure holds on to the original module, and a copy's calls end there. Look weights up "
        "from self.",
    )


def _leaves(y: Tensor) -> list[Tensor]:
    """Tensors that a backward pass from `y` would give a gradient to."""
    leaves, seen, todo = [], set(), [y.grad_fn]
    while todo:
        node = todo.pop()
        if node is None or node in seen:
            continue
        seen.add(node)
        if hasattr(node, "variable"):
            leaves.append(node.variable)
        todo += [parent for parent, _ in node.next_functions]
    return leaves


def _identities(tensors: Iterable[Tensor]) -> set[int]:
    return {id(tensor) for tensor in tensors}
