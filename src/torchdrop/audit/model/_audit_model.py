"""Audit a model: its modules, and what it does on an example."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from torch import fx, nn
from torch.export import ExportedProgram

from ...errors import ModelError
from ...sites import named_modules, unregistered_modules
from .._finding import Findings
from .._settings import AuditSettings
from ._baked import baked, draft, in_graph
from ._chains import chains
from ._draft import Draft, findings
from ._forward import forward
from ._order import order
from ._sites import sites_of
from ._subject import subject
from ._tree import partly_disabled, rates, recurrent, unregistered
from ._tree_modes import frozen, mixed

_NO_EXAMPLE = "No example was given: only modules were looked at, and no forward."
_BAKED = "The model holds a graph made in training mode, so that no forward was looked at."


def audit_model(
    model: nn.Module | ExportedProgram,
    example: Any = None,
    settings: AuditSettings | None = None,
) -> Findings:
    """Look for mistakes with dropout and modes in a model.

    Without an example: rates out of range, layers that torch does not see, recurrent dropout
    without effect, rates that were forgotten, modes that are mixed, graphs made in training mode,
    and orders of layers in every `torch.nn.Sequential`. With one, the model also runs: in
    evaluation mode, to see what still drops or is random, and why; and in training mode, to see
    dropout that is never reached, works in place where it must not, gets tensors of another shape
    than it takes, or stands at a wrong place in the data flow.

    The runs are of a copy that shares the parameters, without gradients but for one that checks
    dropout in place, and leave no trace: modes, buffers and random states are as they were.

    Args:
        model: Any module, in any mode, or an exported program.
        example: An input as the model takes it: one tensor, a tuple of arguments, or a mapping of
            named ones. A batch of several rows tells more.
        settings: Which rules run, and how severe they are; `None` for all.

    Returns:
        The findings in the order of the modules; one for layers that one line of code builds.

    Raises:
        SettingError: If `example` is of another kind.
        ModelError: If the model is no module, or does not run on the example.

    Example:
        >>> net = nn.Sequential(nn.Linear(4, 4), nn.ReLU(), nn.Dropout(1.0), nn.Linear(4, 1))
        >>> [(x.rule, x.severity, x.place.module) for x in audit_model(net)]
        [('DRP109', 'error', '2')]
    """
    settings = settings or AuditSettings()
    if isinstance(model, ExportedProgram):
        calls = in_graph(model.graph)
        drafts = [draft("", "ExportedProgram", calls)] if calls else []
        return Findings(findings(drafts, {}, settings), notes=(_NO_EXAMPLE,))
    if not isinstance(model, nn.Module):
        raise ModelError(f"A model is an instance of torch.nn.Module; got {type(model).__name__}.")
    known = named_modules(model)
    hidden = unregistered_modules(known)
    places = {name: index for index, name in enumerate((*known.values(), *hidden.values()))}
    drafts = list(_tree(model, known, hidden))
    graphs = list(baked(known))
    note = _NO_EXAMPLE if example is None else ""
    if example is not None and any(isinstance(m, fx.GraphModule) for m in known) and graphs:
        note, example = _BAKED, None
    if example is None:
        drafts += [one for flow in chains(model, known) for one in order(flow)]
    else:
        with subject(model, example) as ready:
            drafts += list(forward(ready, explained=bool(graphs)))
    return Findings(findings([*drafts, *graphs], places, settings), notes=(note,) if note else ())


audit = audit_model


def _tree(
    model: nn.Module, known: Mapping[nn.Module, str], hidden: Mapping[nn.Module, str]
) -> Iterator[Draft]:
    sites = sites_of(known, hidden)
    names = {**known, **hidden}
    yield from rates(model, sites)
    yield from recurrent(model, names)
    yield from unregistered(model, sites)
    yield from partly_disabled(model, names, sites)
    yield from mixed(model, names, sites)
    yield from frozen(model, names, sites)
