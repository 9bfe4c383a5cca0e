"""Classes above and below a class, and what they read of their object."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from ._classes import ClassInfo, attribute_of_self, find_class, self_name
from ._file import Function, SourceFile
from ._nodes import walk

_KNOWN = ("torch.nn.Module", "builtins.object", "abc.ABC", "typing.Generic", "typing.Protocol")
_WALKS = ("children", "named_children", "_modules", "__dict__", "get_submodule")
_ALL = ("modules", "named_modules")
_SETUP = ("__init__", "reset_parameters", "extra_repr", "train", "eval")
_SETTINGS = ("config", "cfg", "args", "settings", "hparams", "options", "opts")
_HARMLESS = ("builtins.isinstance", "builtins.super", "builtins.type", "builtins.id")


def family(info: ClassInfo) -> list[ClassInfo]:
    """List every class whose methods may act on an object of a class.

    Args:
        info: The class.

    Returns:
        It, its bases, what derives from it in the audited tree, and the other bases of that.
    """
    found: dict[ast.ClassDef, ClassInfo] = {}
    for one in (info, *_heirs(info, {info.node})):
        for member in one.lineage():
            found.setdefault(member.node, member)
    return list(found.values())


def knows_bases(info: ClassInfo) -> bool:
    """Whether every base is in the audited tree, or one that reads no attribute of ours."""
    return all(
        base in _KNOWN or base.endswith("LightningModule") or find_class(one.file, base)
        for one in info.lineage()
        for base in one.bases()
    )


def hands_itself_on(members: list[ClassInfo]) -> bool:
    """Whether some method gives its object to others, or walks over what it holds.

    Args:
        members: Classes.

    Returns:
        Whether attributes may be read that are not named.
    """
    return any(
        _hides_reads(one.file, method, node)
        for one in members
        for method in one.node.body
        if isinstance(method, (ast.FunctionDef, ast.AsyncFunctionDef))
        for node in walk(method)
    )


def reads(members: list[ClassInfo], attribute: str) -> bool:
    """Whether a class reads an attribute of any object, or names it in a string."""
    return any(
        (isinstance(node, ast.Attribute) and node.attr == attribute and _may_read(node))
        or (isinstance(node, ast.Constant) and node.value == attribute)
        for one in members
        for node in walk(one.node)
    )


def is_read_outside(file: SourceFile, members: list[ClassInfo], attribute: str) -> bool:
    """Whether code of a file that is no method of a family reads an attribute.

    Args:
        file: Where to look.
        members: The family.
        attribute: Its name. Other classes' own attributes of that name do not count.

    Returns:
        The verdict.
    """
    own = {one.node for one in members}
    for node in file.nodes(ast.Attribute):
        if node.attr != attribute or not _may_read(node) or file.class_of(node) in own:
            continue
        if attribute_of_self(file, node) is None:
            return True
    return False


def _heirs(info: ClassInfo, seen: set[ast.ClassDef]) -> Iterator[ClassInfo]:
    """Classes of the tree that derive from a class."""
    for file in (info.file, *info.file.project.heirs(info.node.name)):
        for node in file.nodes(ast.ClassDef):
            one = ClassInfo(file, node)
            if node in seen or not any(_is(one, base, info) for base in one.bases()):
                continue
            seen.add(node)
            yield one
            yield from _heirs(one, seen)


def _is(one: ClassInfo, base: str, info: ClassInfo) -> bool:
    found = find_class(one.file, base)
    return found is not None and found.node is info.node


def _hides_reads(file: SourceFile, method: Function, node: ast.AST) -> bool:
    if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name):
        is_setup = method.name in _SETUP or "init" in method.name
        mine = node.value.id == self_name(method)
        return mine and (node.attr in _WALKS or (node.attr in _ALL and not is_setup))
    if not isinstance(node, ast.Call) or file.qualified(node.func) in _HARMLESS:
        return False
    given = [*node.args, *(keyword.value for keyword in node.keywords)]
    name = self_name(method)
    is_base = isinstance(node.func, ast.Attribute) and node.func.attr == "__init__"
    return not is_base and any(isinstance(x, ast.Name) and x.id == name for x in given)


def _may_read(node: ast.Attribute) -> bool:
    """Whether it reads from an object that may be a module: `config.dropout` is a number."""
    holder = getattr(node.value, "attr", getattr(node.value, "id", "")).lower()
    return isinstance(node.ctx, ast.Load) and not any(x in holder for x in _SETTINGS)
