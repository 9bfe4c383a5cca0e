"""What a guard finds, and the sentences that say it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

Cause = Literal[
    "validation-in-training-mode",
    "training-in-evaluation-mode",
    "mode-changed",
    "never-active",
    "never-reached",
    "active-in-evaluation",
    "nothing-seen",
]
Owner = Literal["Lightning", "Hugging Face Trainer"]

_SHOWN = 5

_WHAT: dict[Cause, str] = {
    "validation-in-training-mode": (
        "Validation in training mode: the model ran with gradients off while dropout was on in "
        "{modules}."
    ),
    "training-in-evaluation-mode": (
        "Training in evaluation mode: an optimizer stepped after forwards in which no dropout was "
        "on; it is asleep in {modules}."
    ),
    "mode-changed": ("The mode changed inside an epoch: not as at its first step are {modules}."),
    "never-active": ("Dropout was never on in {steps} training steps though p > 0, in {modules}."),
    "never-reached": ("Dropout with p > 0 was never called in {steps} training steps: {modules}."),
    "active-in-evaluation": (
        "Dropout was on in a forward that cannot train, under torch.inference_mode() or in a "
        "module in evaluation mode: {modules}."
    ),
    "nothing-seen": (
        "{steps} optimizer steps and no forward of the model were seen, so nothing was watched."
    ),
}

_FIX: dict[Cause, str] = {
    "validation-in-training-mode": (
        "torch.no_grad() does not switch dropout off: validate inside `with evaluating(model):`."
    ),
    "training-in-evaluation-mode": (
        "Call model.train() before the epoch, or validate inside `with evaluating(model):`, which "
        "restores every mode."
    ),
    "mode-changed": (
        "Restore modes after validation by `with evaluating(model):`; mark a change that you want "
        "by guard.epoch(), and name a fixed part that is to drop in allow=."
    ),
    "never-active": (
        "Put these modules into training mode, set their p to 0, or name them in allow=."
    ),
    "never-reached": ("Call them in forward, remove them, or name them in allow=."),
    "active-in-evaluation": (
        "Predict inside `with evaluating(model):`, give functional dropout training=self.training, "
        "draw samples inside `with sampling(model):`, or name what always drops in allow=."
    ),
    "nothing-seen": (
        "Give Guard the module that the loop calls, the compiled one if it is compiled."
    ),
}

_OWNED_FIX: dict[tuple[Owner, bool], str] = {
    ("Lightning", True): (
        "Lightning trains each module in the mode it came in: call train() on it where it is built "
        "or in on_train_start, as models from from_pretrained come in evaluation mode."
    ),
    ("Lightning", False): (
        "Lightning calls eval() around its own validation and prediction: look for a train() in "
        "your hooks, on_validation_model_eval above all, or a forward outside its loops."
    ),
    ("Hugging Face Trainer", True): (
        "The Trainer calls train() before each step: look for an eval() in your compute_loss, "
        "callbacks or an overridden train()."
    ),
    ("Hugging Face Trainer", False): (
        "The Trainer calls eval() in its own evaluation loop: look for a forward in your callbacks "
        "or compute_loss, and put it inside `with evaluating(model):`."
    ),
}

_ABOUT_TRAINING: frozenset[Cause] = frozenset(
    ("training-in-evaluation-mode", "mode-changed", "never-active")
)
_ABOUT_VALIDATION: frozenset[Cause] = frozenset(
    ("validation-in-training-mode", "active-in-evaluation")
)


@dataclass(frozen=True, slots=True)
class ModeFinding:
    """One cause that a guard found, however often.

    Attributes:
        cause: Which of the guard's causes.
        sentence: What was seen, in which modules, and what to do.
        modules: Qualified names of the modules concerned, from the model's root.
        count: How often: forwards, or steps for what is about training.
        step: Optimizer steps of the model before it was first seen.
        place: The line of the user's code that was running then, "file.py:12"; for what is only
            known at the end, the line that ended it.
    """

    cause: Cause
    sentence: str
    modules: tuple[str, ...]
    count: int
    step: int
    place: str


def say(cause: Cause, modules: Sequence[str], steps: int, owner: Owner | None) -> str:
    """Write the message of a finding.

    Args:
        cause: What was found.
        modules: Names of the modules concerned; the first five are written out.
        steps: Training steps seen.
        owner: The framework that owns the mode, if one is running.

    Returns:
        What was seen, and what to do, in the words that fit the framework.
    """
    what = _WHAT[cause].format(modules=_listed(modules), steps=steps)
    return f"{what} {_fix(cause, owner)}"


def _fix(cause: Cause, owner: Owner | None) -> str:
    if owner is None or cause not in _ABOUT_TRAINING | _ABOUT_VALIDATION:
        return _FIX[cause]
    return _OWNED_FIX[owner, cause in _ABOUT_TRAINING]


def _listed(modules: Sequence[str]) -> str:
    names = [name or "the model itself" for name in modules[:_SHOWN]]
    more = len(modules) - len(names)
    return ", ".join(names) + (f" and {more} more" if more else "")
