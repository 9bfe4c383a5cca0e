"""Snippets that build a model: the audit of the model finds what the source shows, and more."""

import importlib.util
import re
import warnings
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from torchdrop.audit import audit_model

SNIPPETS = Path(__file__).parent / "snippets"
BUILT = [
    path
    for path in sorted(SNIPPETS.glob("*.py"))
    if re.search(r"^def build\(", path.read_text(encoding="utf-8"), re.M)
    and re.search(r"^def example\(", path.read_text(encoding="utf-8"), re.M)
]
MISTAKES = [path for path in BUILT if path.name.startswith("B")]
CLEAN = [path for path in BUILT if path.name.startswith("N")]


def _load(path: Path) -> ModuleType:
    spec = importlib.util.spec_from_file_location(f"snippet_{path.stem}", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def _build(path: Path) -> tuple[Any, Any]:
    """Build a snippet's model, whatever torch says about it meanwhile."""
    module = _load(path)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return module.build(), module.example()


def _rules(path: Path) -> set[str]:
    return set(re.findall(r"<- (DRP\d+)", path.read_text(encoding="utf-8")))


def test_all_structural_snippets_are_here() -> None:
    assert len(MISTAKES) >= 18, [path.stem for path in MISTAKES]


@pytest.mark.parametrize("path", MISTAKES, ids=lambda path: path.stem)
def test_the_audit_of_the_model_finds_the_mistake(path: Path) -> None:
    found = audit_model(*_build(path))
    alarms = {x.rule for x in found if x.severity != "advice"}

    assert _rules(path) <= {x.rule for x in found}, str(found)
    assert alarms <= _rules(path), str(found)


@pytest.mark.parametrize("path", CLEAN, ids=lambda path: path.stem)
def test_what_only_looks_like_a_mistake_is_silent(path: Path) -> None:
    model, example = _build(path)

    for found in (audit_model(model), audit_model(model, example)):
        assert not [x for x in found if x.severity != "advice"], str(found)
