"""The models that the auditor is tried on: the zoo, and many more, built from configurations."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cache, partial
from typing import Any

import torch
from torch import nn

from . import audit_huggingface, audit_others, packages
from .entry import Entry
from .zoo import ENTRIES

Made = tuple[nn.Module, Any]

_SIDES = (64, 96, 224, 256)
_LARGEST = 40_000_000
_PER_FILE = 1


@dataclass(frozen=True, slots=True)
class Case:
    """One model to audit.

    Attributes:
        name: Its name in its package, with the package.
        make: Builds it with random weights, and an example.
    """

    name: str
    make: Callable[[], Made]


@cache
def cases() -> list[Case]:
    """List all models; timm and transformers are imported to ask for their names."""
    found = [Case(entry.name, partial(_of_the_zoo, entry)) for entry in ENTRIES]
    known = {case.name for case in found}
    more = [*_timm(), *_torchvision()]
    more += [Case(*pair) for pair in audit_huggingface.pairs()]
    more += [Case(*pair) for pair in audit_others.pairs()]
    return found + [case for case in more if case.name not in known]


def _of_the_zoo(entry: Entry) -> Made:
    return entry.model(), entry.example()


def _timm() -> Iterator[Case]:
    """Take an architecture of each of timm's files, a small one by its name."""
    timm: Any = packages.load("timm")
    for module in timm.list_modules():
        names = [n for n in timm.list_models(module=module) if "test_" not in n]
        for name in sorted(names, key=lambda n: (_size(n), len(n), n))[:_PER_FILE]:
            yield Case(f"timm/{name}", partial(_of_timm, name))


def _size(name: str) -> int:
    small = ("nano", "atto", "pico", "femto", "tiny", "xxs", "xs", "small", "mini", "18", "_s")
    return next((index for index, word in enumerate(small) if word in name), len(small))


def _of_timm(name: str) -> Made:
    timm: Any = packages.load("timm")
    settings = {"pretrained": False, "num_classes": 10}
    try:
        model = timm.create_model(name, drop_rate=0.1, drop_path_rate=0.1, **settings)
    except TypeError:
        model = timm.create_model(name, drop_rate=0.1, **settings)
    _refuse_large(model)
    channels, *sides = model.default_cfg["input_size"]
    fixed = model.default_cfg.get("fixed_input_size", False)
    for side in [sides[0]] if fixed else sorted({*_SIDES, sides[0]}):
        x = torch.randn(2, channels, side, side)
        try:
            with torch.no_grad():
                model.eval()(x)
        except (RuntimeError, AssertionError, ValueError, TypeError):
            continue
        return model.train(), x
    raise ValueError("takes none of the tried sizes")


def _torchvision() -> Iterator[Case]:
    names: Any = packages.load("torchvision").models
    for kind in (names, names.segmentation, names.video):
        for name in names.list_models(kind):
            yield Case(f"torchvision/{name}", partial(_of_torchvision, name))


def _of_torchvision(name: str) -> Made:
    models: Any = packages.load("torchvision").models
    settings: dict[str, Any] = {"weights": None}
    segments = name in models.list_models(models.segmentation)
    if segments:
        settings["weights_backbone"] = None
    with torch.device("meta"):
        _refuse_large(models.get_model(name, **settings))
    model = models.get_model(name, **settings)
    if name in models.list_models(models.video):
        shape: tuple[int, ...] = (1, 3, 16, 224, 224) if "mvit" in name else (1, 3, 8, 64, 64)
    else:
        side = 224 if name.startswith(("vit", "max", "swin")) else 96
        shape = (2, 3, side, side)
    return model.train(), torch.randn(*shape)


def _refuse_large(model: nn.Module) -> None:
    size = sum(parameter.numel() for parameter in model.parameters())
    if size > _LARGEST:
        raise ValueError(f"has {size:,} parameters, more than {_LARGEST:,}")
