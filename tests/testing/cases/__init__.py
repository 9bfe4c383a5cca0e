"""Dropouts with one bug each, written for this purpose after what was found in published code."""

from . import gradients, limits, masks, modes, precision, rates, seeds, state
from ._case import Case as Case
from ._case import Layer as Layer

FAMILIES = (gradients, limits, masks, modes, precision, rates, seeds, state)

CASES: dict[str, Case] = {name: case for family in FAMILIES for name, case in family.CASES.items()}
