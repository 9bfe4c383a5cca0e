"""All files of an audit, and what is defined where."""

from __future__ import annotations

import ast
import re
from collections import defaultdict, deque
from collections.abc import Iterator
from functools import cached_property
from pathlib import Path

from ._file import SourceFile
from ._reading import Unreadable, read

MOST = 300
"""Files that are kept parsed; others are parsed again when they are asked for."""

_CLASS = re.compile(r"^[ \t]*class\s+\w+\s*\(([^)]*)\)", re.MULTILINE)


class Project:
    """Files that are audited together, by their dotted names; parsed when first asked for.

    Args:
        paths: Files that may define what others use.
    """

    def __init__(self, paths: dict[str, Path] | None = None) -> None:
        self._paths = dict(paths or {})
        self._files: dict[str, SourceFile | None] = {}
        self._parsed: deque[str] = deque()

    def add(
        self, path: str, text: str, module: str = "", *, is_package: bool = False
    ) -> SourceFile:
        """Parse a file and take it in.

        Args:
            path: As findings shall name it.
            text: Its characters.
            module: Its dotted name; empty if nothing can import it.
            is_package: Whether it is the `__init__.py` of a package.

        Returns:
            The file.

        Raises:
            SyntaxError: If it cannot be parsed.
        """
        name = module or f"<{path}>"
        file = SourceFile(path, text, name, self, is_package=is_package)
        self._files[name] = file
        self._parsed.append(name)
        if len(self._parsed) > MOST:  # a large tree would take gigabytes
            self._files.pop(self._parsed.popleft(), None)
        return file

    def file(self, module: str) -> SourceFile | None:
        """The file of a dotted name; `None` if it is not in the tree, or cannot be read."""
        if module not in self._files:
            path = self._paths.get(module)
            self._files[module] = None
            if path is not None:
                try:
                    text = read(path)
                    self.add(str(path), text, module, is_package=path.name == "__init__.py")
                except (Unreadable, SyntaxError, ValueError, RecursionError):
                    return None  # it is reported where it is audited itself
        return self._files[module]

    def find(self, name: str, depth: int = 8) -> tuple[SourceFile, ast.AST] | None:
        """Find what a dotted name defines, also where other files import it from.

        Args:
            name: Such as `package.layers.Block`.
            depth: Imports to follow.

        Returns:
            The file, and the definition of a class or function; `None` if it is not in the tree.
        """
        module, _, own = name.rpartition(".")
        while module:
            file = self.file(module)
            if file is not None:
                return self._inside(file, own, depth)
            module, _, last = module.rpartition(".")
            own = f"{last}.{own}"
        return None

    def heirs(self, name: str) -> Iterator[SourceFile]:
        """Files with a class that derives from one of this name; parsed when asked for."""
        for module in self._by_base.get(name, ()):
            file = self.file(module)
            if file is not None:
                yield file

    def mentioning(self, word: str) -> Iterator[SourceFile]:
        """Files in whose text a word occurs; all are searched, those are parsed."""
        for module, text in self._texts.items():
            file = self.file(module) if word in text else None
            if file is not None:
                yield file

    @cached_property
    def _texts(self) -> dict[str, str]:
        """All texts by their dotted names: to search them is cheaper than to parse them."""
        found = {}
        for module, path in self._paths.items():
            try:
                found[module] = read(path)
            except Unreadable:
                continue  # it is reported where it is audited itself
        return found

    @cached_property
    def _by_base(self) -> dict[str, list[str]]:
        """Modules by the words that stand between the parentheses of their classes."""
        found: dict[str, list[str]] = defaultdict(list)
        for module, text in self._texts.items():
            for word in {x for bases in _CLASS.findall(text) for x in re.findall(r"\w+", bases)}:
                found[word].append(module)
        return found

    def _inside(self, file: SourceFile, own: str, depth: int) -> tuple[SourceFile, ast.AST] | None:
        first, _, rest = own.partition(".")
        scope = file.opened_by(file.tree)
        bound = scope.names.get(first, []) if scope else []
        for binding in reversed(bound):
            if binding.kind == "import" and depth:
                found = f"{binding.qualified}.{rest}" if rest else binding.qualified
                return self.find(found, depth - 1)
            if binding.kind == "definition":
                return (file, binding.node) if not rest else self._member(file, binding.node, rest)
        return None

    def _member(
        self, file: SourceFile, node: ast.AST, name: str
    ) -> tuple[SourceFile, ast.AST] | None:
        for child in getattr(node, "body", []):
            if getattr(child, "name", None) == name:
                return file, child
        return None
