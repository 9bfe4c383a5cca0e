"""The p of each dropout layer of a model, by the layer's name."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from torch import nn

from ..errors import ModelError
from ..functional import check_probability
from ._schedule import schedule
from ._schedule_rates import ConstantRate


def dropout_rates(model: nn.Module) -> dict[str, float]:
    """Read the p of every dropout layer, in the order in which the model holds them.

    Args:
        model: Any module with dropout layers: torch's, or those of torchdrop that hold p as a
            number. Dropout that is a number inside attention or recurrent layers is not found.

    Returns:
        The probability of dropping, by the name that `model.named_modules()` gives the layer. A
        layer that is used twice comes once.

    Raises:
        ModelError: If there is no such layer, or one follows a schedule.

    Example:
        >>> from torchdrop import networks
        >>> dropout_rates(networks.mlp(4, 3, 3, 2, p=0.2))
        {'2': 0.2, '5': 0.2}
    """
    scheduler = schedule(model, ConstantRate())
    try:
        return scheduler.rates()
    finally:
        scheduler.release_()


def set_rates_(model: nn.Module, rates: Mapping[str, float]) -> nn.Module:
    """Set the p of every dropout layer, in place.

    Args:
        model: As in `dropout_rates`.
        rates: A probability of dropping for each of its dropout layers, by name.

    Returns:
        `model`.

    Raises:
        ModelError: If the names are not those of the model's dropout layers.
        SettingError: If a rate is no probability.

    Example:
        >>> from torchdrop import networks
        >>> dropout_rates(set_rates_(networks.mlp(4, 3, 3, 2, p=0.2), {"2": 0.1, "5": 0.4}))
        {'2': 0.1, '5': 0.4}
    """
    names = list(dropout_rates(model))
    if set(rates) != set(names):
        raise ModelError(
            f"The rates are for dropout layers {', '.join(map(repr, rates))}; the model has "
            f"{', '.join(map(repr, names))}."
        )
    for p in rates.values():
        check_probability(p)
    for name, p in rates.items():
        layer: Any = model.get_submodule(name)
        layer.p = p
    return model
