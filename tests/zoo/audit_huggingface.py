"""Every type of configuration in transformers, shrunk where it says how deep and wide it is."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

import torch
from torch import nn

from . import packages

_DEPTHS = (
    *("num_hidden_layers", "n_layer", "n_layers", "num_layers", "encoder_layers"),
    *("decoder_layers", "num_encoder_layers", "num_decoder_layers", "num_encoder_blocks_"),
)
_WIDE = 400
_LARGEST = 40_000_000
_RATE = 0.1


def pairs() -> Iterator[tuple[str, Callable[[], tuple[nn.Module, Any]]]]:
    """Yield the name of each type with what makes its model and an example."""
    transformers: Any = packages.load("transformers")
    for kind in transformers.CONFIG_MAPPING:
        yield f"transformers/{kind}", partial(_make, kind)


def _make(kind: str) -> tuple[nn.Module, Any]:
    transformers: Any = packages.load("transformers")
    config = transformers.CONFIG_MAPPING[kind]()
    _shrink(config)
    with torch.device("meta"):
        size = sum(p.numel() for p in transformers.AutoModel.from_config(config).parameters())
    if size > _LARGEST:
        raise ValueError(f"has {size:,} parameters, more than {_LARGEST:,}")
    model: nn.Module = transformers.AutoModel.from_config(config)
    return model.train(), _example(model, config)


def _shrink(config: Any) -> None:
    for name, value in list(vars(config).items()):
        if hasattr(value, "to_dict"):
            _shrink(value)
        elif name in _DEPTHS and isinstance(value, int) and value > 2:
            _put(config, name, 2)
        elif name == "vocab_size" and isinstance(value, int) and value > _WIDE:
            _put(config, name, _WIDE)
        elif "drop" in name and isinstance(value, float) and value == 0 and "layer" not in name:
            _put(config, name, _RATE)
        elif name.endswith("token_id") and isinstance(value, int) and value >= _WIDE:
            _put(config, name, 1)


def _put(config: Any, name: str, value: Any) -> None:
    try:
        setattr(config, name, value)
    except (AttributeError, TypeError, ValueError):
        return  # some compute it


def _example(model: nn.Module, config: Any) -> dict[str, Any]:
    takes = inspect.signature(model.forward).parameters
    found: dict[str, Any] = {}
    for name in ("input_ids", "decoder_input_ids"):
        if name in takes and (name == "input_ids" or config.is_encoder_decoder):
            found[name] = torch.randint(4, 60, (2, 12))
    if "pixel_values" in takes:
        vision = getattr(config, "vision_config", config)
        side = getattr(vision, "image_size", None) or 64
        side = side if isinstance(side, int) else side[0]
        found["pixel_values"] = torch.randn(2, getattr(vision, "num_channels", 3), side, side)
    if "input_values" in takes:
        found["input_values"] = torch.randn(2, 4000)
    if "input_features" in takes:
        bins = getattr(config, "num_mel_bins", getattr(config, "feature_size", 80))
        length = 2 * getattr(config, "max_source_positions", 50)
        shape = (2, bins, length) if "whisper" in config.model_type else (2, 64, bins)
        found["input_features"] = torch.randn(*shape)
    if not found:
        raise ValueError(f"takes {', '.join(takes)}, for which there is no example here")
    return found
