"""The generators that a model draws its masks from, and their state."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager

import torch
from torch import Tensor, nn

from ..errors import ModelError
from ._block import check_model


def rng_state(model: nn.Module) -> dict[str, Tensor]:
    """Read the state of every generator that `model` draws its masks from.

    Saved beside a checkpoint's `state_dict` it lets a resumed run draw the masks that the first
    would have drawn. That is torch's generator on the CPU, those of the accelerators that hold
    parameters or buffers of the model, and every `torch.Generator` that is an attribute of one of
    its modules. Not Python's and numpy's, nor what a data loader's workers draw.

    Args:
        model: Any module.

    Returns:
        Plain uint8 tensors on the CPU, by name (`cpu`, `cuda:0`, `encoder.drop.generator`), which
        `torch.save` with `weights_only` and safetensors take.

    Raises:
        ModelError: If `model` is no `torch.nn.Module`.

    Example:
        >>> import torch
        >>> layer, x = torch.nn.Dropout(), torch.ones(100)
        >>> state = rng_state(layer)
        >>> y = layer(x)
        >>> load_rng_state(layer, state)
        >>> torch.equal(layer(x), y)
        True
    """
    return {name: source.get_state().clone() for name, source in generators(model).items()}


def load_rng_state(model: nn.Module, state: Mapping[str, Tensor]) -> None:
    """Put the generators of `model` into a state that `rng_state` read.

    Args:
        model: The same model, on the same devices, or nothing is changed.
        state: What `rng_state` gave.

    Raises:
        ModelError: If the model draws from other generators than those in `state`.

    Example:
        >>> from torch import nn
        >>> load_rng_state(nn.Dropout(), rng_state(nn.Dropout()))
    """
    sources = generators(model)
    if sources.keys() != state.keys():
        raise ModelError(
            f"The state must be for the generators of the model, {sorted(sources)}; got one for "
            f"{sorted(state)}. Build the model on the devices it was on, with the same layers."
        )
    for name, source in sources.items():
        source.set_state(state[name].cpu())


def generators(model: nn.Module) -> dict[str, torch.Generator]:
    """Find the generators that `model` draws from.

    Args:
        model: Any module.

    Returns:
        Torch's own on the CPU and on the model's accelerators, by device; those that its modules
        hold, by qualified name of the attribute.

    Raises:
        ModelError: If `model` is no `torch.nn.Module`.
    """
    check_model(model)
    found = {"cpu": torch.default_generator}
    devices = {tensor.device for tensor in (*model.parameters(), *model.buffers())}
    for device in sorted(devices, key=str):
        if device.type not in ("cpu", "meta"):
            found[str(device)] = _of_accelerator(device)
    for name, module in model.named_modules():
        for attribute, value in vars(module).items():
            if isinstance(value, torch.Generator):
                found[f"{name}.{attribute}".lstrip(".")] = value
    return found


@contextmanager
def generators_kept(model: nn.Module) -> Iterator[None]:
    """Let nothing that is drawn inside the block be felt after it.

    Args:
        model: Whose generators.

    Yields:
        Nothing.
    """
    states = [(source, source.get_state()) for source in generators(model).values()]
    try:
        yield
    finally:
        for source, state in states:
            source.set_state(state)


def _of_accelerator(device: torch.device) -> torch.Generator:
    if device.type == "mps":
        return torch.mps._get_default_mps_generator()
    module = torch.get_device_module(device)
    module.init()
    generator: torch.Generator = module.default_generators[device.index]
    return generator
