"""Which expressions are models, and which calls switch their mode."""

from __future__ import annotations

import ast
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Literal, TypeAlias
from weakref import WeakKeyDictionary

from ._classes import ClassInfo, attribute_of_self, class_of, find_class
from ._file import SourceFile

Identity: TypeAlias = tuple[int, str]
"""A name or attribute, and the scope or class that it belongs to."""

WRAPPERS = (
    *("DataParallel", "DistributedDataParallel", "DDP", "DP", "FullyShardedDataParallel", "FSDP"),
    *("unwrap_model", "convert_sync_batchnorm"),
)
"""Functions and classes that give the same model back, or one that shares its modules."""

WRAPPING_METHODS = (*WRAPPERS, "compile", "prepare", "prepare_model", "setup")
"""Likewise, of some object: `accelerator.prepare`, `torch.compile`."""

SAME = (
    *("to", "cuda", "cpu", "half", "float", "double", "bfloat16", "xpu", "requires_grad_"),
    *("train", "eval", "share_memory", "type", "to_empty", "apply"),
)
"""Methods that give the model itself back."""

HARMLESS = (
    *("parameters", "named_parameters", "state_dict", "load_state_dict", "zero_grad", "modules"),
    *("named_modules", "children", "named_children", "buffers", "named_buffers", "add_module"),
    *("save_pretrained", "push_to_hub", "get_submodule", "register_forward_hook", "no_sync", *SAME),
)
"""Methods of modules that leave the mode alone."""

_ONLY_MODULES = (
    *("parameters", "named_parameters", "load_state_dict", "modules", "named_modules", "children"),
    *("named_children", "requires_grad_", "register_forward_hook"),
)
_NAMES = ("model", "net", "network", "encoder", "decoder", "classifier", "policy", "backbone")
_RATES = ("dropout", "dropout_p", "dropout_rate")
_TEMPLATES = ("torchvision.models.", "timm.", "segmentation_models_pytorch.", "torch.hub.load")


@dataclass(slots=True)
class _Uses:
    is_called: bool = False
    methods: set[str] = field(default_factory=set)


_USES: WeakKeyDictionary[SourceFile, dict[Identity, _Uses]] = WeakKeyDictionary()


@dataclass(frozen=True, slots=True)
class ModeCall:
    """A call of `train` or `eval`.

    Attributes:
        receiver: On which it is called.
        mode: What it sets; `None` where its argument decides.
        argument: The argument of `train`, if it is no constant.
    """

    receiver: ast.expr
    mode: Literal["train", "eval"] | None
    argument: ast.expr | None = None


def mode_call(call: ast.Call) -> ModeCall | None:
    """Read a call as `Module.train` or `Module.eval`; `None` if it has other arguments."""
    function = call.func
    if not isinstance(function, ast.Attribute) or function.attr not in ("train", "eval"):
        return None
    given = [*call.args, *(k.value for k in call.keywords)]
    others = [k for k in call.keywords if k.arg != "mode"]
    if others or len(given) > (function.attr == "train"):
        return None
    if not given or isinstance(given[0], ast.Constant):
        flag = getattr(given[0], "value", None) if given else function.attr == "train"
        mode: Literal["train", "eval"] = "train" if flag else "eval"
        return ModeCall(function.value, mode) if isinstance(flag, (bool, int)) else None
    return ModeCall(function.value, None, given[0])


def text_of(expression: ast.AST) -> str | None:
    """A name or attributes of one as text, such as `self.net`; `None` for anything else."""
    if isinstance(expression, ast.Name):
        return expression.id
    if isinstance(expression, ast.Attribute):
        base = text_of(expression.value)
        return None if base is None else f"{base}.{expression.attr}"
    if isinstance(expression, ast.Subscript) and isinstance(expression.slice, ast.Constant):
        base = text_of(expression.value)
        return None if base is None else f"{base}[{expression.slice.value!r}]"
    return None


def root_of(expression: ast.AST) -> ast.Name | None:
    """The name that an expression of attributes begins with."""
    while isinstance(expression, (ast.Attribute, ast.Subscript)):
        expression = expression.value
    return expression if isinstance(expression, ast.Name) else None


def identity(file: SourceFile, expression: ast.AST) -> Identity | None:
    """Tell apart equal names of different scopes; attributes of `self` belong to the class."""
    text, root = text_of(expression), root_of(expression)
    if text is None or root is None:
        return None
    first = expression
    while isinstance(first, (ast.Attribute, ast.Subscript)) and first.value is not root:
        first = first.value
    owner = file.class_of(expression)
    if owner is not None and attribute_of_self(file, first) is not None:
        return id(owner), text
    return id(file.bindings(root)) if file.bindings(root) else 0, text


def is_model(file: SourceFile, expression: ast.AST) -> bool:
    """Whether an expression stands for a module of torch, as far as the file shows it.

    Args:
        file: Where it is.
        expression: A name or attribute.

    Returns:
        `True` if it is made by a class of modules, annotated as one, has methods called on it
        that only modules have, or is called like a function and switched like a module. Names
        such as `model` count if they are called.
    """
    root = root_of(expression)
    kinds = [b.kind for b in file.bindings(root)] if root is expression and root else []
    if "definition" in kinds or "import" in kinds:
        return False
    made = constructor(file, expression)
    if made is not None:
        return made
    found = identity(file, expression)
    uses = _uses(file).get(found, _Uses()) if found else _Uses()
    if uses.methods & set(_ONLY_MODULES):
        return True
    switched = bool(uses.methods & {"eval", "train"})
    name = (text_of(expression) or "").rpartition(".")[2].lower()
    return (uses.is_called and (switched or name in _NAMES)) or (switched and name in _NAMES)


def is_part_of_model(file: SourceFile, expression: ast.AST) -> bool:
    """Whether an expression stands for a module, or for an attribute of one."""
    while True:
        if is_model(file, expression):
            return True
        if not isinstance(expression, (ast.Attribute, ast.Subscript)):
            return False
        expression = expression.value


def constructor(file: SourceFile, expression: ast.AST) -> bool | None:
    """Whether the one value that an expression was given is a module; `None` if not known."""
    own = attribute_of_self(file, expression)
    if own is not None:
        owner = class_of(file, expression)
        held = list(owner.holds(own)) if owner else []
        if len(held) != 1:
            return None
        known = makes_model(held[0].file, held[0].value)
        return known if known is not None else _annotated(held[0].file, held[0].value)
    if not isinstance(expression, ast.Name):
        return None
    value = file.value_of(expression)
    if isinstance(value, ast.Name):
        return _annotated(file, value)
    return makes_model(file, value)


def makes_model(file: SourceFile, value: ast.expr) -> bool | None:
    """Whether an expression makes a module; `None` if that cannot be seen."""
    while isinstance(value, ast.Call) and isinstance(value.func, ast.Attribute):
        if value.func.attr not in SAME or file.qualified(value.func) is not None:
            break
        value = value.func.value
    if not isinstance(value, ast.Call):
        return False if isinstance(value, (ast.Constant, ast.Dict, ast.List)) else None
    name = file.qualified(value.func)
    if name is None:
        return None
    if name.startswith("torch.nn.") and name.rpartition(".")[2][:1].isupper():
        return True
    if name.startswith(_TEMPLATES) or name.endswith(".from_pretrained"):
        return True
    made = find_class(file, name)
    return made.is_module() if made else None


def makes_unseen_model(file: SourceFile, value: ast.Call) -> bool:
    """Whether a call makes an object of an imported class, which is not seen, with a rate.

    A module is made in training mode; of a function, which may call `eval()`, nobody knows.
    """
    name = file.qualified(value.func) or ""
    is_class = "." in name and name.rpartition(".")[2][:1].isupper()
    return is_class and is_given_rate(value) and find_class(file, name) is None


def is_given_rate(call: ast.Call) -> bool:
    """Whether a call names a rate of dropping, as a number between 0 and 1."""
    rates = [k.value for k in call.keywords if k.arg in _RATES]
    return any(isinstance(r, ast.Constant) and _is_rate(r.value) for r in rates)


def _is_rate(value: object) -> bool:
    return isinstance(value, float) and 0.0 < value < 1.0


def class_made(file: SourceFile, expression: ast.AST) -> ClassInfo | None:
    """The class of the tree whose instance a name or attribute holds."""
    own = attribute_of_self(file, expression)
    if own is not None:
        owner = class_of(file, expression)
        held = list(owner.holds(own)) if owner else []
        return _class_of_value(held[0].file, held[0].value) if len(held) == 1 else None
    if not isinstance(expression, ast.expr):
        return None
    return _class_of_value(file, file.value_of(expression))


def _class_of_value(file: SourceFile, value: ast.expr) -> ClassInfo | None:
    while isinstance(value, ast.Call):
        name = file.qualified(value.func)
        found = find_class(file, name) if name else None
        if found is not None or not isinstance(value.func, ast.Attribute):
            return found
        value = value.func.value
    return None


def _annotated(file: SourceFile, name: ast.expr) -> bool | None:
    if not isinstance(name, ast.Name):
        return None
    for binding in file.bindings(name):
        note = getattr(binding.node, "annotation", None)
        if binding.kind == "parameter" and note is not None:
            qualified = file.qualified(note) or ""
            if qualified.startswith("torch.nn."):
                return True
            known = find_class(file, qualified)
            return known.is_module() if known else None
    return None


def _uses(file: SourceFile) -> dict[Identity, _Uses]:
    if file not in _USES:
        found: dict[Identity, _Uses] = defaultdict(_Uses)
        for call in file.nodes(ast.Call):
            for one, method in _used(call):
                key = identity(file, one)
                if key is not None and method is None:
                    found[key].is_called = True
                elif key is not None and method is not None:
                    found[key].methods.add(method)
        _USES[file] = dict(found)
    return _USES[file]


def _used(call: ast.Call) -> Iterator[tuple[ast.expr, str | None]]:
    yield call.func, None
    if isinstance(call.func, ast.Attribute):
        if call.func.attr not in ("train", "eval") or mode_call(call) is not None:
            yield call.func.value, call.func.attr
        if call.func.attr == "forward":
            yield call.func.value, None
