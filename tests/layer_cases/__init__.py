"""Every layer of the family, family by family, for the contract that all of them keep."""

from . import elements, learned, regions, sequences, units, weights
from ._case import Case as Case

FAMILIES = (elements, learned, regions, sequences, units, weights)

CASES: dict[str, Case] = {name: case for family in FAMILIES for name, case in family.CASES.items()}
