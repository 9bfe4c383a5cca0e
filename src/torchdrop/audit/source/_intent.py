"""What authors say of their dropout."""

from __future__ import annotations

import ast
import io
import re
import tokenize

from ._file import SourceFile

_MEANT = re.compile(
    r"always[\s_-]?(on\b|active|appl)|intention|intended|on purpose|deliberate|by design|\bmeant\b"
    r"|monte[\s_-]?carlo|\bmc[\s_-]?dropout|(in|at|during|for|under)\s+\W{0,3}(eval|inference|test|sampling)",
    re.IGNORECASE,
)
_DOCUMENTED = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)


def is_always_on(file: SourceFile, call: ast.Call) -> bool:
    """Whether a comment or docstring says that dropout is active, or off, on purpose.

    Args:
        file: Where it is.
        call: The call that drops.

    Returns:
        Whether "always on", "intentional" or the like stands at the call, at a statement around
        it, directly above, or in the docstring of the function or class.
    """
    statement = file.statement_of(call)
    lines = set(range(statement.lineno, (statement.end_lineno or statement.lineno) + 1))
    for above in file.ancestors(call):
        if isinstance(above, ast.stmt):
            lines.add(above.lineno)
        if isinstance(above, _DOCUMENTED) and _MEANT.search(ast.get_docstring(above) or ""):
            return True
    comments = _comments(file.text)
    for line in tuple(lines):
        while (line := line - 1) in comments and comments[line][1]:
            lines.add(line)
    return any(line in comments and _MEANT.search(comments[line][0]) for line in lines)


def _comments(text: str) -> dict[int, tuple[str, bool]]:
    """The comment of each line, and whether nothing else is on it."""
    return {
        token.start[0]: (token.string, token.line.lstrip().startswith("#"))
        for token in tokenize.generate_tokens(io.StringIO(text).readline)
        if token.type == tokenize.COMMENT
    }
