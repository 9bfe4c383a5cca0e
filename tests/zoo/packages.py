"""The packages that the zoo's models come from, kept beside this project's environment."""

from __future__ import annotations

import importlib
import os
import sys
import warnings
from functools import cache
from importlib import metadata
from pathlib import Path
from types import ModuleType
from typing import Any

import torch

FOLDER = "TORCHDROP_ZOO"
"""The environment variable that names the folder into which they were installed."""

PACKAGES = ("timm", "torchvision", "transformers")

IMPORT_WARNINGS = (DeprecationWarning, FutureWarning, UserWarning)

# torchvision's compiled operators are built for a CUDA torch and do not load beside a CPU one.
# Its Python part asks for these two by name while it is imported; detection alone calls them.
_OPERATORS = (
    "nms(Tensor dets, Tensor scores, float iou_threshold) -> Tensor",
    "qnms(Tensor dets, Tensor scores, float iou_threshold) -> Tensor",
)
_declared: list[Any] = []


def absence() -> str | None:
    """Say why the zoo cannot be visited, if it cannot."""
    folder = os.environ.get(FOLDER)
    if not folder:
        return f"{FOLDER} is not set; docs/zoo.md says how to install the zoo"
    missing = [name for name in PACKAGES if not (Path(folder) / name).is_dir()]
    if missing:
        return f"{folder} has no {', '.join(missing)}; docs/zoo.md says how to install the zoo"
    return None


@cache
def load(name: str) -> ModuleType:
    """Import a package of the zoo, offline."""
    folder = os.environ[FOLDER]
    os.environ["HF_HUB_OFFLINE"] = "1"
    os.environ["TRANSFORMERS_VERBOSITY"] = "error"
    if folder not in sys.path:
        sys.path.append(folder)  # behind the project's own environment, which has precedence
        _declare_operators()
    with warnings.catch_warnings():
        for category in IMPORT_WARNINGS:
            warnings.simplefilter("ignore", category)
        return importlib.import_module(name)


def versions() -> dict[str, str]:
    """Name the versions of torch and of the zoo's packages."""
    for name in PACKAGES:
        load(name)
    return {name: metadata.version(name) for name in ("torch", *PACKAGES)}


def _declare_operators() -> None:
    library = torch.library.Library("torchvision", "DEF")  # type: ignore[no-untyped-call]
    for schema in _OPERATORS:
        library.define(schema)  # type: ignore[no-untyped-call]
    _declared.append(library)  # without a reference the declarations are gone
