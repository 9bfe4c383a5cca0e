"""How p moves with time: one small record for each kind of schedule."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TypeAlias

from ..errors import SettingError
from ..functional import check_probability

Rate: TypeAlias = Callable[[int, float], float]
"""What a schedule is: a function of the step, from 0, and of the layer's own p; it gives p."""


@dataclass(frozen=True, slots=True)
class ConstantRate:
    """Keep p as it is, or at another value: `p(t) = p`.

    Attributes:
        p: Probability of dropping, in `[0, 1]`; `None` means the layer's own.
    """

    p: float | None = None

    def __post_init__(self) -> None:
        _check_rates(self.p)

    def __call__(self, step: int, own: float) -> float:
        """Give p at a step, for a layer whose own p is `own`."""
        return _either(self.p, own)


@dataclass(frozen=True, slots=True)
class LinearRate:
    """Move p in a straight line: `p(t) = start + (end - start) * t / steps`, then `end`.

    Attributes:
        start: p at step 0, in `[0, 1]`; `None` means the layer's own.
        end: p from step `steps` on, in `[0, 1]`; `None` means the layer's own.
        steps: How many steps the way takes, at least 1.
    """

    start: float | None = 0.0
    end: float | None = None
    steps: int = field(kw_only=True)

    def __post_init__(self) -> None:
        _check_rates(self.start, self.end)
        check_steps("steps", self.steps, 1)

    def __call__(self, step: int, own: float) -> float:
        """Give p at a step, for a layer whose own p is `own`."""
        return _between(self.start, self.end, own, min(step / self.steps, 1.0))


@dataclass(frozen=True, slots=True)
class CosineRate:
    """Move p along half a cosine: `p(t) = start + (end - start) * (1 - cos(pi t / steps)) / 2`.

    Slow at both ends, then `end`.

    Attributes:
        start: p at step 0, in `[0, 1]`; `None` means the layer's own.
        end: p from step `steps` on, in `[0, 1]`; `None` means the layer's own.
        steps: How many steps the way takes, at least 1.
    """

    start: float | None = 0.0
    end: float | None = None
    steps: int = field(kw_only=True)

    def __post_init__(self) -> None:
        _check_rates(self.start, self.end)
        check_steps("steps", self.steps, 1)

    def __call__(self, step: int, own: float) -> float:
        """Give p at a step, for a layer whose own p is `own`."""
        way = (1 - math.cos(math.pi * min(step / self.steps, 1.0))) / 2
        return _between(self.start, self.end, own, way)


@dataclass(frozen=True, slots=True)
class EarlyRate:
    """Drop at first only, against underfitting: `p(t) = p` for `t < until`, then 0.

    With `falling`, `p(t) = p * (1 - t / until)` before that, which is the form that the paper
    used for its results.

    Attributes:
        until: The first step without dropout, at least 0.
        p: Probability of dropping, in `[0, 1]`; `None` means the layer's own.
        falling: Whether p falls in a straight line on the way.

    Source:
        Liu et al., "Dropout Reduces Underfitting", ICML 2023.
    """

    until: int
    p: float | None = None
    falling: bool = False

    def __post_init__(self) -> None:
        _check_rates(self.p)
        check_steps("until", self.until, 0)

    def __call__(self, step: int, own: float) -> float:
        """Give p at a step, for a layer whose own p is `own`."""
        if step >= self.until:
            return 0.0
        return _either(self.p, own) * (1 - step / self.until if self.falling else 1.0)


@dataclass(frozen=True, slots=True)
class LateRate:
    """Drop at last only, against overfitting: `p(t) = 0` for `t < after`, then p.

    Attributes:
        after: The first step with dropout, at least 0.
        p: Probability of dropping, in `[0, 1]`; `None` means the layer's own.

    Source:
        Liu et al., "Dropout Reduces Underfitting", ICML 2023.
    """

    after: int
    p: float | None = None

    def __post_init__(self) -> None:
        _check_rates(self.p)
        check_steps("after", self.after, 0)

    def __call__(self, step: int, own: float) -> float:
        """Give p at a step, for a layer whose own p is `own`."""
        return 0.0 if step < self.after else _either(self.p, own)


@dataclass(frozen=True, slots=True)
class CurriculumRate:
    """Let p rise, fast at first: `p(t) = p * (1 - exp(-10 t / steps))`.

    The same as `keep(t) = (1 - q) exp(-gamma t) + q` with `q = 1 - p` and `gamma = 10 / steps`. At
    step `steps` p is there but for a part in 22,000.

    Attributes:
        steps: How many steps the training takes, at least 1.
        p: Probability of dropping, in `[0, 1]`, that is approached; `None` means the layer's own.

    Source:
        Morerio et al., "Curriculum Dropout", ICCV 2017.
    """

    steps: int
    p: float | None = None

    def __post_init__(self) -> None:
        _check_rates(self.p)
        check_steps("steps", self.steps, 1)

    def __call__(self, step: int, own: float) -> float:
        """Give p at a step, for a layer whose own p is `own`."""
        return _either(self.p, own) * -math.expm1(-10 * step / self.steps)


def _either(p: float | None, own: float) -> float:
    return own if p is None else p


def _between(start: float | None, end: float | None, own: float, way: float) -> float:
    first, last = _either(start, own), _either(end, own)
    return last if way == 1 else first + (last - first) * way


def _check_rates(*rates: float | None) -> None:
    for p in rates:
        if p is not None:
            check_probability(p)


def check_steps(name: str, steps: int, least: int) -> None:
    """Refuse anything that is not a number of steps, of at least `least`."""
    if isinstance(steps, bool) or not isinstance(steps, int) or steps < least:
        raise SettingError(
            f"{name} is a number of steps, an integer of at least {least}; got {steps!r}."
        )
