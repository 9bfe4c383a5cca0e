"""Walks over syntax trees whose nodes know their children: `ast.walk` finds them anew each time."""

from __future__ import annotations

import ast
from collections import deque
from collections.abc import Iterator

_NAME = "_torchdrop_children"


def link(tree: ast.AST) -> None:
    """Let every node of a tree know its children."""
    waiting = [tree]
    while waiting:
        node = waiting.pop()
        found = tuple(ast.iter_child_nodes(node))
        setattr(node, _NAME, found)
        waiting.extend(found)


def children(node: ast.AST) -> tuple[ast.AST, ...]:
    """The nodes right inside a node, in the order of the text."""
    found: tuple[ast.AST, ...] | None = getattr(node, _NAME, None)
    return tuple(ast.iter_child_nodes(node)) if found is None else found


def walk(node: ast.AST) -> Iterator[ast.AST]:
    """A node and all nodes inside it, outer ones first, as `ast.walk` gives them."""
    waiting = deque([node])
    while waiting:
        one = waiting.popleft()
        waiting.extend(children(one))
        yield one
