"""Which rule a guard's cause breaks."""

from __future__ import annotations

from torch import nn
from torch.nn.modules.batchnorm import _BatchNorm

from ...modes import ModeFinding
from .._finding import Severity
from ._layers import fixed_parts, listed
from ._mode_log import ModeLog
from ._quiet import SAMPLES, Quiet
from ._scene import Scene, parse
from ._subject import Subject

_NEVER = ("never-active", "never-reached")
_QUIET = ("validation-in-training-mode", "active-in-evaluation")
_OF_CALLS = ("DRP101", "DRP103", "DRP106", "DRP401")


def report_cause(subject: Subject, found: ModeFinding, modes: ModeLog, quiet: Quiet) -> None:
    """Report what a guard has found under the id of the mistake.

    Args:
        subject: The model.
        found: The guard's finding.
        modes: Where modes were set.
        quiet: What is known of the forwards without gradients.
    """
    scene = parse(found.place)
    if found.cause in _QUIET:
        _report_quiet(subject, found, quiet, scene)
        return
    rule = _rule(subject, found, modes, quiet)
    if rule is None:
        return
    what, _, fix = found.sentence.partition(". ")
    message = f"{what[:1].lower()}{what[1:]}{_told_where(subject, found, modes)}."
    # That modes changed is certain, but not that nobody wanted it.
    severity: Severity | None = "warning" if rule in ("DRP203", "DRP213") else None
    if found.cause == "never-reached" and all(_is_kept_idle(subject, n) for n in found.modules):
        severity = "advice"
    subject.report(
        rule, message, modules=found.modules, fix=fix or None, severity=severity, scene=scene
    )


def _rule(subject: Subject, found: ModeFinding, modes: ModeLog, quiet: Quiet) -> str | None:
    if found.cause == "never-active" and not quiet.trains:
        return None  # the loop trains parts of it
    if found.cause in _NEVER:
        return "DRP302"
    if found.cause == "training-in-evaluation-mode":
        # Equal views, or a teacher that is the student, have been said already.
        return None if subject.has("DRP213") or subject.has("DRP214") else "DRP209"
    if found.cause == "mode-changed":
        return _of_change(subject, found, modes)
    return None


def _of_change(subject: Subject, found: ModeFinding, modes: ModeLog) -> str | None:
    parts, fixed = dict(subject.model.named_modules()), fixed_parts(subject.model)
    named = [parts[name] for name in found.modules if name in parts]
    if any(part.training for part in named):
        return "DRP211"
    if named and all(part in fixed for part in named):
        return None  # the forward itself puts them to sleep again
    by_itself = any(modes.was_set(part, within=subject.root) for part in named)
    return "DRP213" if by_itself else "DRP203"


def _is_kept_idle(subject: Subject, name: str) -> bool:
    """Whether it may be the stochastic depth of a block that has no residual branch.

    Not if the block has another one: then that may have been called in its place.
    """
    parts, parent = dict(subject.model.named_modules()), name.rpartition(".")[0]
    if name not in parts or "path" not in type(parts[name]).__name__.lower():
        return False
    beside = parts[parent].children() if parent in parts else ()
    return sum(type(part) is type(parts[name]) for part in beside) == 1


def _report_quiet(subject: Subject, found: ModeFinding, quiet: Quiet, scene: Scene | None) -> None:
    """Report dropout that was on without gradients: of which mistake depends on the modes."""
    names = found.modules
    if not quiet.in_training:
        _report_left_on(subject, names, scene)
    elif quiet.longest >= SAMPLES:
        _report_samples(subject, names, scene)
    else:
        what = "it ran with gradients off while dropout was on"
        where = f"{what} in {listed(names)}"
        if quiet.feeds:
            where += "; another model has learned from what it gave, which may be meant"
        severity: Severity | None = "advice" if quiet.feeds else None
        subject.report("DRP201", f"{where}.", modules=names, severity=severity, scene=scene)


def _report_left_on(subject: Subject, names: tuple[str, ...], scene: Scene | None) -> None:
    """The model is in evaluation mode, and something in it drops."""
    if any(subject.has(rule) for rule in _OF_CALLS):
        return
    hidden = {site.name for site in subject.layers.sites if site.kind == "unregistered"}
    if hidden.intersection(names):
        missed = tuple(name for name in names if name in hidden)
        message = f"eval() does not reach {listed(missed)}, which it keeps in a list or dict."
        subject.report("DRP301", message, modules=missed, scene=scene)
        return
    meant = all(_has_own_train(subject, name) for name in names)
    message = f"it is in evaluation mode, but dropout is on in {listed(names)}."
    severity: Severity | None = "advice" if meant else None
    subject.report("DRP401", message, modules=names, severity=severity, scene=scene)


def _report_samples(subject: Subject, names: tuple[str, ...], scene: Scene | None) -> None:
    moved = [
        name
        for name, part in subject.model.named_modules()
        if isinstance(part, _BatchNorm) and part.training and part.track_running_stats
    ]
    what = "several forwards in a row of one input ran in training mode without gradients"
    if moved:
        message = f"{what}, as for samples; they changed the statistics of {listed(moved)}."
        subject.report("DRP208", message, modules=moved, scene=scene)
    else:
        message = f"{what}, as for samples, with dropout on in {listed(names)}."
        subject.report("DRP208", message, modules=names, severity="advice", scene=scene)


def _has_own_train(subject: Subject, name: str) -> bool:
    """Whether a part, or one around it, decides on its mode by a method of its own."""
    parts = dict(subject.model.named_modules())
    around = [".".join(name.split(".")[:depth]) for depth in range(1, name.count(".") + 2)]
    kinds = [type(parts[one]) for one in around if one in parts]
    return any(kind.train is not nn.Module.train for kind in kinds)


def _told_where(subject: Subject, found: ModeFinding, modes: ModeLog) -> str:
    if found.cause != "training-in-evaluation-mode":
        return ""
    scene: Scene | None = modes.last_eval(subject.root)
    return f"; eval() was called at {scene.place}" if scene is not None else ""
