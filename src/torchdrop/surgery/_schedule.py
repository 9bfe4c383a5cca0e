"""Let the p of a model's dropout layers follow a schedule."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import chain
from typing import Any

import torch
from torch import Tensor, nn

from ..errors import ModelError, SettingError
from ..functional import check_probability
from ._recognize import holds_rate, is_ours
from ._schedule_rates import Rate, check_steps


class Scheduler:
    """Sets the p of dropout layers from step to step; `schedule` makes one.

    torchdrop's layers get p as a tensor, a buffer that is in no `state_dict`, so that a compiled
    model is not compiled again when p changes. Torch's own layers get a float.

    Args:
        layers: What to set, by name.
        rates: The schedule of each of them.
        device: Where tensors shall be.
    """

    def __init__(
        self, layers: Mapping[str, nn.Module], rates: Mapping[str, Rate], device: torch.device
    ) -> None:
        self._layers = dict(layers)
        self._rates = {name: rates[name] for name in layers}
        self._own = {name: _own_rate(layer) for name, layer in layers.items()}
        self._step = 0
        first = self._at(0, self._own)
        for name, layer in layers.items():
            if is_ours(layer):
                _hold_as_tensor(layer, device)
            _write(layer, first[name])

    def step(self) -> None:
        """Move on by one step: call it after backward, once for each batch or each epoch.

        Raises:
            ModelError: If the schedule was released.
            SettingError: If a schedule of your own gives no probability; nothing has moved then.
        """
        if not self._layers:
            raise ModelError("This scheduler was released; schedule the model again.")
        self._move_to(self._step + 1, self._own)

    def rates(self) -> dict[str, float]:
        """Read the p that each layer has now, by name."""
        return {name: _read(layer) for name, layer in self._layers.items()}

    def state_dict(self) -> dict[str, Any]:
        """Give what a resumed run needs: the step, and each layer's own p."""
        return {"step": self._step, "own": dict(self._own)}

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Go on where `state` was taken, and set each p accordingly.

        Args:
            state: From `state_dict` of a scheduler of the same layers. The schedules themselves
                are not in it: they are those that this scheduler was made with.

        Raises:
            SettingError: If it is of other layers, or no such state.
        """
        if set(state) != {"step", "own"} or set(state["own"]) != set(self._own):
            raise SettingError(
                "state is what state_dict of a scheduler of the same layers gave, which are "
                f"{', '.join(map(repr, self._own))}; got {dict(state)}."
            )
        check_steps("step", state["step"], 0)
        self._move_to(state["step"], dict(state["own"]))

    def release_(self) -> None:
        """End the schedule: each layer has the float again that it had before."""
        for name, layer in self._layers.items():
            del layer.p
            layer.p = self._own[name]  # type: ignore[assignment]
        self._layers = {}

    def __repr__(self) -> str:
        if not self._layers:
            return "Scheduler(released)"
        now = self.rates()
        lines = (f"  ({name}): p={now[name]:.6g} by {rate}" for name, rate in self._rates.items())
        return "\n".join([f"Scheduler(step={self._step}", *lines, ")"])

    def _move_to(self, step: int, own: dict[str, float]) -> None:
        rates = self._at(step, own)
        for name, layer in self._layers.items():
            _write(layer, rates[name])
        self._step, self._own = step, own

    def _at(self, step: int, own: dict[str, float]) -> dict[str, float]:
        rates = {name: rate(step, own[name]) for name, rate in self._rates.items()}
        for p in rates.values():
            check_probability(p)
        return rates


def schedule(
    model: nn.Module, rate: Rate, *, overrides: Mapping[str, Rate] | None = None
) -> Scheduler:
    """Let the p of every dropout layer in `model` follow a schedule, from step 0 on.

    Changes `model`: p is what the schedule says from now on, until `Scheduler.release_`. Names,
    `state_dict` keys and layers stay, also where p is 0.

    Args:
        model: Any module with dropout layers: torch's, or those of torchdrop that hold p as a
            number. Dropout that is a number inside attention or recurrent layers is not reached.
        rate: `ConstantRate`, `LinearRate`, `CosineRate`, `EarlyRate`, `LateRate`, `CurriculumRate`,
            or a function of your own: of the step and the layer's own p, the one that it has now.
        overrides: Other schedules for single layers, by the name that `model.named_modules()`
            gives them.

    Returns:
        The scheduler, at step 0. Call its `step()` after each batch (or epoch, if that is the unit
        of your schedule), and save its `state_dict()` with the model's.

    Raises:
        ModelError: If the model has no such layer, or one with a schedule already.
        SettingError: If `overrides` names no such layer, or p comes out of range.

    Example:
        >>> from torch import nn
        >>> from torchdrop.surgery import LinearRate
        >>> model = nn.Sequential(nn.Linear(4, 3), nn.ReLU(), nn.Dropout(0.4))
        >>> scheduler = schedule(model, LinearRate(steps=4))
        >>> for _ in range(2):
        ...     scheduler.step()
        >>> scheduler.rates()
        {'2': 0.2}
    """
    layers = {name: layer for name, layer in model.named_modules() if holds_rate(layer)}
    overrides = overrides or {}
    if not layers:
        raise ModelError("The model has no dropout layer that holds its p as a number.")
    for name, layer in layers.items():
        if isinstance(layer.p, Tensor):
            raise ModelError(f"{name or 'The model'} has a schedule already; release_() it first.")
    if unknown := [name for name in overrides if name not in layers]:
        raise SettingError(
            f"overrides names dropout layers of the model, which are "
            f"{', '.join(map(repr, layers))}; got {', '.join(map(repr, unknown))}."
        )
    rates = {name: overrides.get(name, rate) for name in layers}
    return Scheduler(layers, rates, _device_of(model))


def _own_rate(layer: Any) -> float:
    p: float = layer.p
    check_probability(p)
    return p


def _device_of(model: nn.Module) -> torch.device:
    first = next(chain(model.parameters(), model.buffers()), None)
    return torch.device("cpu") if first is None else first.device


def _hold_as_tensor(layer: Any, device: torch.device) -> None:
    p = torch.tensor(layer.p, dtype=torch.float64, device=device)
    del layer.p  # a buffer cannot take the name of an attribute
    layer.register_buffer("p", p, persistent=False)


def _read(layer: Any) -> float:
    return float(layer.p)


def _write(layer: Any, p: float) -> None:
    if not isinstance(layer.p, Tensor):
        layer.p = p
        return
    if layer.p.dtype != torch.float64:  # the model was cast, and its buffers with it
        layer.p = layer.p.double()
    layer.p.fill_(p)
