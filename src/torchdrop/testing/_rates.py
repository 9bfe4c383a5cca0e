"""Are elements dropped as often as was asked, and is the rest scaled to make up for it?"""

from __future__ import annotations

from ._bounds import share_bound
from ._measured import Measured, Result, Skipped, worst
from ._patient import Patient
from ._sample import Sample, draws, samples


def keep_rate(patient: Patient) -> Result:
    """The share dropped is p, at several rates: binomial, five sigma."""
    return worst(_share(patient, found) for found in samples(patient))


def expectation(patient: Patient) -> Result:
    """The mean of the outputs is that of the inputs, at several rates."""
    return worst(_mean(patient, found) for found in samples(patient))


def kept_scale(patient: Patient) -> Result:
    """Every kept element is multiplied by `1 / (1 - p)`, up to rounding."""
    scales = [scale for found in samples(patient) for scale in _scales(patient, found)]
    return worst(scales) if scales else Skipped("no element was kept")


def _share(patient: Patient, found: Sample) -> Measured:
    share, n = found.dropped.double().mean().item(), draws(patient, len(found.dropped))
    return Measured(
        f"share dropped of {n} draws at p = {found.p:.4g}",
        share,
        found.p,
        share_bound(n, found.p, above=share > found.p),
        "a threshold of few bits, a keep rate taken for a drop rate, or regions that overlap or "
        "are cut at an edge.",
    )


def _mean(patient: Patient, found: Sample) -> Measured:
    factor = patient.factor(found.p)
    expected = factor * (1 - found.p)
    n = draws(patient, len(found.dropped))
    chance = share_bound(n, found.p, above=found.mean < expected)
    return Measured(
        f"mean output for mean input 1, at p = {found.p:.4g}",
        found.mean,
        expected,
        # Inputs between 1 and 2 weigh differently, which widens the spread by 2 % at most.
        1.1 * factor * chance,
        "rate and scale do not fit each other, so that activations shift between training and "
        "evaluation. Divide by the probability that the mask really keeps with.",
    )


def _scales(patient: Patient, found: Sample) -> list[Measured]:
    if found.dropped.all():
        return []
    factor = patient.factor(found.p)
    return [
        Measured(
            f"factor of a kept element at p = {found.p:.4g}",
            measured,
            factor,
            # Four roundings in float32.
            factor * 4 * 2**-23,
            "kept elements are not rescaled, or by a share counted in the mask, or by 1 / (1 - p) "
            "rounded. If it is meant to rescale in "
            'evaluation, say scale="eval".',
        )
        for measured in (found.least, found.most)
    ]
