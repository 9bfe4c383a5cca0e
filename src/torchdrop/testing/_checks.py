"""The list of checks, in the order of the report; a new one is a function and a line here."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Literal

import torch

from ._evaluation import evaluation_is_certain, evaluation_passes_through, parent_switches
from ._gradients import gradient_at_one, gradient_mask, gradient_scale
from ._independence import fresh_masks, independence, other_instances, sharing
from ._limits import all_dropped, dropped_infinity, invalid_rates, nothing_dropped
from ._measured import Result
from ._patient import Patient
from ._precision import rate_in, scale_in
from ._randomness import checkpointed, manual_seed
from ._rates import expectation, keep_rate, kept_scale
from ._state import (
    copy_is_independent,
    input_is_left_alone,
    parameters_are_found,
    weights_are_left_alone,
)

Need = Literal["elements", "module", "build"]


@dataclass(frozen=True, slots=True)
class Check:
    """A check and when it can be made.

    Attributes:
        name: As the report and `expect` call it.
        examine: Measures.
        needs: What it cannot do without: outputs that are single inputs, a module, other rates.
        after: Checks that explain its outcome if they are sick, so that it is not made then.
    """

    name: str
    examine: Callable[[Patient], Result]
    needs: tuple[Need, ...] = ()
    after: tuple[str, ...] = ()


ALL = (
    Check("keep rate", keep_rate, ("elements",)),
    Check("scale", kept_scale, ("elements",)),
    Check("expectation", expectation, ("elements",)),
    Check("shared axes", sharing, ("elements",)),
    Check("independence", independence, ("elements",)),
    Check("fresh masks", fresh_masks, (), ("independence",)),
    Check("two instances", other_instances, ("elements", "build"), ("independence",)),
    Check("manual_seed", manual_seed),
    Check("gradient mask", gradient_mask, ("elements",)),
    Check("gradient scale", gradient_scale, ("elements",), ("gradient mask",)),
    Check("checkpoint", partial(checkpointed, use_reentrant=False), (), ("gradient mask",)),
    Check(
        "reentrant checkpoint", partial(checkpointed, use_reentrant=True), (), ("gradient mask",)
    ),
    Check("randomness in evaluation", evaluation_is_certain),
    Check("evaluation", evaluation_passes_through, ("elements",), ("randomness in evaluation",)),
    Check("parent's evaluation", parent_switches, ("module",), ("randomness in evaluation",)),
    Check("input", input_is_left_alone),
    Check("weights", weights_are_left_alone, ("module",)),
    Check("parameters", parameters_are_found, ("module",)),
    Check("deepcopy", copy_is_independent, ("module",)),
    Check(
        "rate in bfloat16", partial(rate_in, dtype=torch.bfloat16), ("elements",), ("keep rate",)
    ),
    Check("rate in float16", partial(rate_in, dtype=torch.float16), ("elements",), ("keep rate",)),
    Check("scale in bfloat16", partial(scale_in, dtype=torch.bfloat16), ("elements",), ("scale",)),
    Check("scale in float16", partial(scale_in, dtype=torch.float16), ("elements",), ("scale",)),
    Check("p = 0", nothing_dropped, ("elements", "build")),
    Check("p = 1", all_dropped, ("elements", "build")),
    Check("gradient at p = 1", gradient_at_one, ("elements", "build"), ("p = 1",)),
    Check("invalid p", invalid_rates, ("build",)),
    Check("dropped infinity", dropped_infinity, ("elements",)),
)

CHECKS = tuple(check.name for check in ALL)
"""Names of all checks, as `Symptom.check` and `expect=` use them."""
