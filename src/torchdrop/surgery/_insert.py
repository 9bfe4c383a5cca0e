"""Put dropout into a model that has none, where the textbook says."""

from __future__ import annotations

import copy
from dataclasses import dataclass
from typing import Any, TypeVar

from torch import nn

from .. import nn as ours
from ..errors import ModelError, SettingError
from ..functional import check_probability
from ._changes import Change, Changes
from ._dropped import describe_input, describe_output, drop_input_, drop_output_
from ._flow import Flow
from ._fuse import _has_hooks
from ._layers import become, describe
from ._placement import Placement, Planner, Residual
from ._structure import structure
from ._trial import check_model, check_runnable, run, same_bits, shadow
from ._watch import watch

M = TypeVar("M", bound=nn.Module)

_RANKS: dict[type[nn.Module], int] = {
    **dict.fromkeys((nn.Conv1d, nn.ConvTranspose1d), 1),
    **dict.fromkeys((nn.Conv2d, nn.ConvTranspose2d), 2),
    **dict.fromkeys((nn.Conv3d, nn.ConvTranspose3d), 3),
}
_CHANNELS = {1: ours.Dropout1d, 2: ours.Dropout2d, 3: ours.Dropout3d}


def insert_(
    model: nn.Module,
    p: float,
    *,
    example: Any = None,
    residual: Residual = "inside",
    channels: bool = False,
    before_norm: bool = False,
    dry_run: bool = False,
) -> Changes:
    """Put dropout after each activation that feeds another layer with weights, in place.

    Never before the first layer, nor after the last; nothing where dropout is already. With an
    `example`, one forward in evaluation shows what feeds what. Dropout then goes

    - after an activation layer, if all that takes its result leads to layers with weights;
    - else in front of the layer that it feeds: where the activation is a call such as
      `torch.relu`, runs in several places, or is an input of an addition that skips that layer.

    Without, the order in which modules hold their layers is taken for that of running, which is
    exact for `torch.nn.Sequential` alone.

    `ReLU`, `LeakyReLU`, `GELU` and `SiLU` become `ActivationDropout`. Other layers stay what they
    are, with a dropout layer inside, `output_dropout` or `input_dropout`. The objects stay either
    way, with their parameters, and so do all `state_dict` keys: old checkpoints load. Layers with
    hooks, which would see another tensor, are left alone.

    With an example, everything is tried first, on a copy that shares the parameters: `model` is
    changed only if evaluation gives the same there, to the bit, under the same keys.

    Args:
        model: Any module, in any mode; not compiled, and without lazy layers that have not run.
        p: Probability of dropping, in `[0, 1]`.
        example: What the model is called with: a tensor, a tuple of arguments, or a mapping of
            named ones. Left as it is.
        residual: `inside` leaves what an addition carries past a branch undropped; `anywhere` makes
            no difference between that and other results. Needs an example to matter.
        channels: Whether convolutions lose whole channels of their input, by `Dropout1d` to
            `Dropout3d`.
        before_norm: Whether dropout may come before batch normalization, next or after one layer
            with weights. In training its running variance is then that of dropped values, which
            evaluation has not.
        dry_run: Whether to say what would be changed, and change nothing.

    Returns:
        What was changed, and each activation that was left alone, with the reason.

    Raises:
        ModelError: If `model` is no module, cannot be tried, or evaluation would give another
            output; nothing is changed then.
        SettingError: If `p` or `residual` is out of range.

    Example:
        >>> import torch
        >>> model = nn.Sequential(nn.Linear(4, 3), nn.ReLU(), nn.Linear(3, 2))
        >>> print(insert_(model, 0.2, example=torch.ones(1, 4)))
        site  before           after                                                     why
        1     torch.nn.ReLU()  torchdrop.nn.ActivationDropout(activation='relu', p=0.2)  feeds 2

    Source:
        Variance shift: Li et al., "Understanding the Disharmony between Dropout and Batch
        Normalization by Variance Shift", CVPR 2019, https://arxiv.org/abs/1801.05134. They put
        dropout after the last batch normalization alone.
    """
    check_model(model)
    check_probability(p)
    if residual not in ("inside", "anywhere"):
        raise SettingError(f"residual is 'inside' or 'anywhere'; got {residual!r}.")
    check_runnable(model)
    trial = None if example is None else shadow(model).eval()
    flow = structure(model) if trial is None else watch(trial, example)
    placed, refused = Planner(flow, residual=residual, before_norm=before_norm).plan()
    planned, left = _cuts(model, placed, p, channels=channels)
    left = [*refused, *left, *_hidden(model, flow)]
    changes = Changes(tuple(cut.change for cut in planned), tuple(left))
    if trial is not None:
        _try(model, trial, planned, example)
    if not dry_run:
        for cut in planned:
            _cut(model, cut)
    return changes


def insert(
    model: M,
    p: float,
    *,
    example: Any = None,
    residual: Residual = "inside",
    channels: bool = False,
    before_norm: bool = False,
) -> M:
    """Copy `model` with dropout after each activation that feeds another layer; see `insert_`.

    Args:
        model: Any module; left as it is.
        p: Probability of dropping, in `[0, 1]`.
        example: As in `insert_`.
        residual: As in `insert_`.
        channels: As in `insert_`.
        before_norm: As in `insert_`.

    Returns:
        A deep copy, with dropout.

    Raises:
        ModelError: As in `insert_`.
        SettingError: As in `insert_`.

    Example:
        >>> insert(nn.Sequential(nn.Linear(4, 3), nn.ReLU(), nn.Linear(3, 2)), 0.2)
        Sequential(
          (0): Linear(in_features=4, out_features=3, bias=True)
          (1): ActivationDropout(activation='relu', p=0.2, inplace=False)
          (2): Linear(in_features=3, out_features=2, bias=True)
        )
    """
    copied = copy.deepcopy(model)
    insert_(
        copied,
        p,
        example=example,
        residual=residual,
        channels=channels,
        before_norm=before_norm,
    )
    return copied


@dataclass(frozen=True, slots=True)
class _Cut:
    """A placement, and the dropout for it; `fuse` makes one layer of it and the activation."""

    placement: Placement
    dropout: nn.Module
    change: Change
    fuse: bool


def _cuts(
    model: nn.Module, placed: list[Placement], p: float, *, channels: bool
) -> tuple[list[_Cut], list[Change]]:
    cuts: list[_Cut] = []
    left: list[Change] = []
    for placement in placed:
        layer = model.get_submodule(placement.step.site)
        before = describe(layer)
        if why := _obstacle(layer):
            left.append(Change(placement.step.site, before, before, why))
            continue
        dropout = _dropout(placement, p, channels=channels)
        fuse = (
            placement.way == "after"
            and type(dropout) is ours.Dropout
            and ours.ActivationDropout.supports(layer)
        )
        if fuse:
            inplace = getattr(layer, "inplace", False)
            dropout = ours.ActivationDropout(layer, p, inplace)
            after = describe(dropout)
        else:
            show = describe_input if placement.way == "front" else describe_output
            after = show(layer, dropout)
        change = Change(placement.step.site, before, after, placement.why)
        cuts.append(_Cut(placement, dropout, change, fuse))
    return cuts, left


def _obstacle(layer: nn.Module) -> str | None:
    if "forward" in vars(layer):
        return "its forward was replaced by hand"
    if _has_hooks(layer):
        return "it has hooks, which would see another tensor"
    if hasattr(layer, "parametrizations"):
        return "it is parametrized, so its class is not to be changed"
    return None


def _dropout(placement: Placement, p: float, *, channels: bool) -> nn.Module:
    ranks = {_RANKS.get(type(layer.layer)) for layer in placement.feeds}  # type: ignore[arg-type]
    rank = ranks.pop() if channels and len(ranks) == 1 else None
    if rank is None:
        return ours.Dropout(p)
    # What the activation gives has the axes of a batch of images, or of one.
    axes = placement.step.rank
    if axes not in (None, rank + 1, rank + 2):
        return ours.Dropout(p)
    return _CHANNELS[rank](p, batched=axes != rank + 1)


def _cut(model: nn.Module, cut: _Cut) -> None:
    layer = model.get_submodule(cut.placement.step.site)
    dropout = copy.deepcopy(cut.dropout)
    if cut.fuse:
        become(layer, dropout)
    elif cut.placement.way == "front":
        drop_input_(layer, dropout)
    else:
        drop_output_(layer, dropout)


def _hidden(model: nn.Module, flow: Flow) -> list[Change]:
    changes = []
    for site, name in dict.fromkeys(flow.hidden):
        shown = describe(model.get_submodule(site))
        changes.append(Change(site, shown, shown, f"it calls {name}() between its own weights"))
    return changes


def _try(model: nn.Module, trial: nn.Module, cuts: list[_Cut], example: Any) -> None:
    """Make the cuts on a copy, and compare keys and evaluation with those of before."""
    before = run(trial, example)
    for cut in cuts:
        _cut(trial, cut)
    if list(trial.state_dict()) != list(model.state_dict()):
        raise ModelError("The keys of state_dict would change; nothing was inserted.")
    if same_bits(before, run(trial, example)):
        return
    trial = shadow(model).eval()
    if not same_bits(before, run(trial, example)):
        raise ModelError(
            "The model gives another output each time it runs in evaluation mode, so that nothing "
            "can be verified; nothing was inserted."
        )
    for cut in cuts:
        _cut(trial, cut)
        if not same_bits(before, run(trial, example)):
            raise ModelError(
                f"Evaluation would give another output with dropout at {cut.change.site!r}; "
                "nothing was inserted. Leave the example out to insert it nevertheless."
            )
