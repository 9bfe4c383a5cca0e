"""torchvision's architectures, as they are: it sets their rates of dropping itself."""

from __future__ import annotations

from typing import Any

from torch import nn

from . import packages
from .entry import Entry, floats

# Name: the shape of its inputs, and what its constructor is told.
_MODELS: dict[str, tuple[tuple[int, ...], dict[str, Any]]] = {
    "alexnet": ((2, 3, 64, 64), {}),
    "convnext_tiny": ((2, 3, 64, 64), {}),
    "densenet121": ((2, 3, 64, 64), {"drop_rate": 0.1}),
    "efficientnet_v2_s": ((2, 3, 64, 64), {}),
    "googlenet": ((2, 3, 64, 64), {"init_weights": False}),
    "maxvit_t": ((2, 3, 224, 224), {}),
    "mnasnet0_5": ((2, 3, 64, 64), {}),
    "mobilenet_v2": ((2, 3, 64, 64), {}),
    "regnet_y_400mf": ((2, 3, 64, 64), {}),
    "resnet18": ((2, 3, 64, 64), {}),
    "shufflenet_v2_x0_5": ((2, 3, 64, 64), {}),
    "squeezenet1_1": ((2, 3, 64, 64), {}),
    "swin_v2_t": ((2, 3, 64, 64), {"dropout": 0.1, "attention_dropout": 0.2}),
    "deeplabv3_mobilenet_v3_large": ((2, 3, 64, 64), {"weights_backbone": None}),
    "r3d_18": ((2, 3, 4, 32, 32), {}),
    "swin3d_t": ((1, 3, 4, 64, 64), {"dropout": 0.1}),
}


# Its named ones have at least 86 million parameters; this is their class.
_VIT: dict[str, Any] = {
    "image_size": 32,
    "patch_size": 8,
    "num_layers": 3,
    "num_heads": 4,
    "hidden_dim": 32,
    "mlp_dim": 64,
    "dropout": 0.1,
    "attention_dropout": 0.2,
}


def entries() -> list[Entry]:
    """List torchvision's part of the zoo; nothing is imported or built yet."""
    return [_entry(name, *what) for name, what in _MODELS.items()] + [_vit()]


def _vit() -> Entry:
    def build() -> nn.Module:
        model: nn.Module = packages.load("torchvision").models.VisionTransformer(**_VIT)
        return model

    return Entry("torchvision/VisionTransformer", build, floats("x", 2, 3, 32, 32))


def _entry(name: str, shape: tuple[int, ...], settings: dict[str, Any]) -> Entry:
    def build() -> nn.Module:
        models: Any = packages.load("torchvision").models
        model: nn.Module = models.get_model(name, weights=None, **settings)
        return model

    return Entry(f"torchvision/{name}", build, floats("x", *shape))
