"""Whether source shows a layer that does one thing in training and another in evaluation."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from weakref import WeakKeyDictionary

from ._classes import attribute_of_self, class_of, find_class, find_function
from ._events import Forward
from ._file import SourceFile
from ._models import class_made, is_given_rate, text_of
from ._nodes import walk

_DROPOUT = re.compile(
    r"torch\.nn\.(Dropout[123]d|Dropout|AlphaDropout|FeatureAlphaDropout|Transformer\w*Layer"
    r"|Transformer)$|timm\..*DropPath$|torchvision\.ops\.StochasticDepth$|torchdrop\.nn\.\w+$"
)
_NORM = re.compile(r"torch\.nn\.(Lazy)?(Sync)?BatchNorm(1d|2d|3d)?$|torch_geometric\..*BatchNorm$")
_FUNCTIONAL = re.compile(r"torch\.nn\.functional\.(dropout|alpha_dropout|feature_alpha_dropout)")
_TEMPLATES = re.compile(r"torchvision\.models\.(?!.*\b(vit|swin)_)[a-z]|timm\.create_model$")
_DEPTH = 6

_SHOWN: WeakKeyDictionary[SourceFile, dict[str, bool]] = WeakKeyDictionary()


def shows_dropout(file: SourceFile) -> bool:
    """Whether a file, or a class or function of the tree that it calls, has a dropout layer."""
    return _shown(file, "dropout")


def shows_batch_norm(file: SourceFile) -> bool:
    """Whether a file, or a class or function of the tree that it calls, has batch norm."""
    return _shown(file, "norm")


def shows_sensitive(file: SourceFile) -> bool:
    """Whether one of both is shown."""
    return shows_dropout(file) or shows_batch_norm(file)


def is_sensitive(file: SourceFile, model: ast.expr) -> bool | None:
    """Whether a model has such a layer.

    Args:
        file: Where it is used.
        model: A name, or an attribute of `self`.

    Returns:
        `True` if what makes it shows one; `False` if all of its classes are seen and none does;
        `None` if what makes it is not seen.
    """
    made = class_made(file, model)
    if made is not None:
        if any(_has(one.file, one.node, "any", _DEPTH) for one in made.lineage()):
            return True
        return None if made.is_module() is None else _only_known(made.file, made.node)
    value = _value(file, model)
    if value is None or not isinstance(value[1], ast.Call):
        return None
    found = _has(*value, "any", _DEPTH)
    return True if found else _only_known(*value)


def is_sensitive_run(file: SourceFile, forward: Forward) -> bool | None:
    """Whether the model of a run is sensitive; as `is_sensitive`."""
    for part in walk(forward.node):
        if isinstance(part, (ast.Name, ast.Attribute)) and text_of(part) == forward.name:
            return is_sensitive(file, part)
    return None


def _value(file: SourceFile, model: ast.expr) -> tuple[SourceFile, ast.AST] | None:
    own = attribute_of_self(file, model)
    if own is None:
        value = file.value_of(model)
        return None if value is model else (file, value)
    owner = class_of(file, model)
    held = list(owner.holds(own)) if owner else []
    return (held[0].file, held[0].value) if len(held) == 1 else None


def _only_known(file: SourceFile, node: ast.AST) -> bool | None:
    """`False` if every class that is made in a node is torch's or of the tree, else `None`."""
    calls = list(_calls(node))
    return None if any(_may_hold_more(file, call) for call in calls) else False


def _may_hold_more(file: SourceFile, call: ast.Call) -> bool:
    """Whether a call may make a layer of which nothing is seen."""
    name = file.qualified(call.func) or "?"
    if name.startswith(("torch.", "builtins.")) or find_class(file, name) is not None:
        return False
    made = name.rpartition(".")[2][:1].isupper()
    method = isinstance(call.func, ast.Attribute)
    return made or (not method and find_function(file, name) is None)


def _shown(file: SourceFile, kind: str) -> bool:
    known = _SHOWN.setdefault(file, {})
    if kind not in known:
        known[kind] = _has(file, file.tree, kind, _DEPTH)
    return known[kind]


def _has(
    file: SourceFile, node: ast.AST, kind: str, depth: int, seen: set[ast.AST] | None = None
) -> bool:
    seen = set() if seen is None else seen
    if node in seen or not depth:
        return False
    seen.add(node)
    calls = list(_calls(node))
    if any(_is_layer(file, call, kind) for call in calls):
        return True
    names = {name for call in calls if (name := file.qualified(call.func)) is not None}
    for name in sorted(names):
        made = find_class(file, name)
        found = [(x.file, x.node) for x in made.lineage()] if made else []
        function = find_function(file, name) if not made else None
        for where, inner in (*found, *((function,) if function else ())):
            if _has(where, inner, kind, depth - 1, seen):
                return True
    return False


def _is_layer(file: SourceFile, call: ast.Call, kind: str) -> bool:
    name = file.qualified(call.func) or ""
    template = bool(_TEMPLATES.match(name))
    norm = bool(_NORM.match(name)) or template
    if kind == "norm":
        return norm
    drop = bool(_DROPOUT.match(name)) and not _is_zero(call)
    if _FUNCTIONAL.match(name):
        drop = any(k.arg == "training" for k in call.keywords) or len(call.args) > 2
    return drop or is_given_rate(call) or (kind == "any" and norm)


def _is_zero(call: ast.Call) -> bool:
    given = [*call.args[:1], *(k.value for k in call.keywords if k.arg == "p")]
    return any(isinstance(x, ast.Constant) and x.value == 0 for x in given)


def _calls(node: ast.AST) -> Iterator[ast.Call]:
    return (x for x in walk(node) if isinstance(x, ast.Call))
