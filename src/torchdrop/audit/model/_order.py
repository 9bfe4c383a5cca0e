"""Orders of layers that make dropout do something else than it is meant to."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from torch import nn

from ._draft import Draft
from ._steps import Flow, Step

Ratio = Callable[[Step], "float | None"]
"""Gives, for a batch normalization, the measured ratio of its input's variances."""

_CLEAR = 0.8


def order(flow: Flow, ratio: Ratio = lambda _: None) -> Iterator[Draft]:
    """Check what stands before and after each dropout that drops.

    Args:
        flow: Of a forward in training mode, or of a `Sequential`.
        ratio: Variance of a batch normalization's input in evaluation, divided by the one in
            training, where both were measured.

    Yields:
        What is wrong.
    """
    for step in flow.of("dropout"):
        yield from _twice(flow, step)
        yield from _alpha(flow, step)
    for step in flow.of("activation"):
        yield from _before_activation(flow, step)
    for step in flow.of("batch_norm"):
        yield from _before_norm(flow, step, ratio)
    for step in flow.of("output"):
        for dropped in flow.feeding(step, "dropout"):
            yield from _on_output(flow, dropped)


def _twice(flow: Flow, step: Step) -> Iterator[Draft]:
    before = flow.source(step)
    if before is None or before.kind != "dropout" or "other" in (step.form, before.form):
        return
    together = 1 - (1 - before.p) * (1 - step.p)
    same = step.parent == before.parent and step.form == before.form
    yield Draft(
        "DRP308",
        "warning" if same else "advice",
        step.module,
        f"`{before.what}` with p = {before.p:g} feeds `{step.what}` with p = {step.p:g}: together "
        f"they drop {together:.0%}.",
        step.line,
    )


def _alpha(flow: Flow, step: Step) -> Iterator[Draft]:
    before = flow.source(step)
    if before is None:
        return
    if step.form == "alpha" and before.kind in ("relu", "activation"):
        message = f"`{step.what}` follows `{before.what}`; what it keeps is the mean and variance "
        yield Draft("DRP310", "warning", step.module, f"{message}of SELU networks.", step.line)
    if step.form == "elements" and before.kind == "selu":
        message = f"`{step.what}` follows `{before.what}`, whose self-normalization it breaks."
        fix = "Use `torch.nn.AlphaDropout` behind SELU."
        yield Draft("DRP310", "advice", step.module, message, step.line, fix)


def _before_activation(flow: Flow, step: Step) -> Iterator[Draft]:
    before = flow.source(step)
    if before is not None and before.kind == "dropout" and before.form != "other":
        yield Draft(
            "DRP313",
            "advice",
            before.module,
            f"`{before.what}` stands before `{step.what}`, which does not commute with scaling by "
            f"1 / (1 - p).",
            before.line,
        )


def _before_norm(flow: Flow, step: Step, ratio: Ratio) -> Iterator[Draft]:
    if isinstance(step.layer, nn.Module) and not _counts_batches(step.layer):
        return
    before = flow.source(step)
    through = None
    if before is not None and before.kind == "weight":
        through, before = before, flow.source(before)
    if before is None or before.kind != "dropout" or before.form in ("alpha", "other"):
        return
    shift = _shift(ratio(step), before.p, direct=through is None)
    convolves = through is not None and "conv" in through.what.lower()
    path = f"`{step.what}`" if through is None else f"`{through.what}` and `{step.what}`"
    words = "" if shift is None else f": its input's variance in evaluation is {shift[1]} of that "
    yield Draft(
        "DRP305",
        "warning" if shift is not None and shift[0] <= _CLEAR and not convolves else "advice",
        before.module,
        f"`{before.what}` with p = {before.p:g} feeds {path}{words}"
        f"{'in training, by which it was normalized' if words else ''}.",
        before.line,
    )


def _shift(measured: float | None, p: float, *, direct: bool) -> tuple[float, str] | None:
    """Say what becomes of a variance, as a share and in words; `None` if nobody knows.

    Behind dropout it is Var(x) + E(x^2) p / (1 - p), so that without dropout there is 1 - p of it
    if the mean is 0, and less if not.
    """
    if measured is not None:
        return measured, f"{measured:.2f}"
    return (1 - p, f"at most {1 - p:.2f}") if direct else None


def _counts_batches(norm: nn.Module) -> bool:
    return bool(getattr(norm, "track_running_stats", True)) and norm.training


def _on_output(flow: Flow, step: Step) -> Iterator[Draft]:
    before = flow.source(step)
    alone = all(taker.kind == "output" for taker in flow.takers(step))
    if before is None or step.form == "other" or not alone:
        return
    if before.kind == "probabilities":
        sums = "softmax" in before.what.lower()
        yield Draft(
            "DRP307",
            "error" if sums else "warning",
            step.module,
            f"`{step.what}` drops probabilities that `{before.what}` gives and the model returns"
            + (": their sum is no longer 1." if sums else ": some are 0, others above 1."),
            step.line,
        )
    elif before.kind == "weight":
        yield Draft(
            "DRP306",
            "advice" if _is_branch(flow, step, before) else "warning",
            step.module,
            f"`{step.what}` with p = {step.p:g} drops what `{before.what}` gives and the model "
            "returns: in training, outputs are 0 or too large.",
            step.line,
        )


def _is_branch(flow: Flow, step: Step, weight: Step) -> bool:
    """Whether it may be a part of a larger model: one that gives back the size of its input."""
    if step.given is not None and flow.shape is not None:
        return step.given[1:] == flow.shape[1:]
    sizes = [
        (getattr(s.layer, "in_features", None), getattr(s.layer, "out_features", None))
        for s in flow.of("weight")
    ]
    return bool(sizes) and sizes[0][0] is not None and sizes[0][0] == sizes[-1][1]
