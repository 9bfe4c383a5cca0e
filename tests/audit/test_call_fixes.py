"""Safe fixes of the rules about calls: applied, the finding is gone and nothing else comes."""

import ast
from pathlib import Path

import pytest

from torchdrop.audit import Finding, audit_text
from torchdrop.audit._fixes import apply_edits

CASES = Path(__file__).parent / "cases"
MENDED = ("DRP101", "DRP102", "DRP104", "DRP105", "DRP106", "DRP107", "DRP108")
PATHS = [path for rule in MENDED for path in sorted(CASES.glob(f"{rule}/flagged/*.py"))]
HEAD = "import torch.nn.functional as F\nfrom torch import nn\nfrom torch.nn.functional import *\n"


def _safe(text: str) -> list[Finding]:
    return [x for x in audit_text(text) if x.fix is not None and x.fix.is_safe]


def _mended(text: str) -> str:
    return apply_edits(text, [edit for x in _safe(text) for edit in (x.fix.edits if x.fix else ())])


def _method(line: str) -> str:
    return f"{HEAD}\n\nclass Net(nn.Module):\n    def forward(self, x):\n        {line}\n"


@pytest.mark.parametrize("path", PATHS, ids=lambda path: f"{path.parent.parent.name}-{path.stem}")
def test_what_has_a_safe_fix_is_gone_once_it_is_applied(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    rule = path.parent.parent.name
    before, fixed = audit_text(text), [x for x in _safe(text) if x.rule == rule]
    after = audit_text(_mended(text))

    assert len(after) <= len(before) - len(fixed)
    assert {x.rule for x in after} <= {x.rule for x in before}


@pytest.mark.parametrize("rule", MENDED)
def test_every_rule_that_is_sure_has_a_safe_fix(rule: str) -> None:
    texts = [path.read_text(encoding="utf-8") for path in CASES.glob(f"{rule}/flagged/*.py")]

    assert any(x.rule == rule for text in texts for x in _safe(text))


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("F.dropout(x)", "F.dropout(x, training=self.training)"),
        ("F.dropout(x, p=0.1,)", "F.dropout(x, p=0.1, training=self.training)"),
        (
            "F.dropout(\n    x,\n    0.1,\n)",
            "F.dropout(\n    x,\n    0.1, training=self.training\n)",
        ),
        (
            "F.alpha_dropout(F.selu(x), 0.1)",
            "F.alpha_dropout(F.selu(x), 0.1, training=self.training)",
        ),
        ("F.dropout(x, self.training)", "F.dropout(x, training=self.training)"),
        ("F.dropout(x, p=self.training)", "F.dropout(x, training=self.training)"),
        ("F.dropout(x, 0.1, self.train)", "F.dropout(x, 0.1, self.training)"),
        ("nn.Dropout(0.1)(x)", "nn.Dropout(0.1).train(self.training)(x)"),
        (
            "F.dropout(x, self.keep_prob, self.training)",
            "F.dropout(x, 1 - self.keep_prob, self.training)",
        ),
        (
            "F.scaled_dot_product_attention(x, x, x, dropout_p=0.1)",
            "F.scaled_dot_product_attention(x, x, x, dropout_p=0.1 if self.training else 0.0)",
        ),
    ],
)
def test_a_fix_is_what_a_person_would_write(before: str, after: str) -> None:
    mended = _mended(_method(f"return {before}"))

    assert ast.unparse(ast.parse(mended)) == ast.unparse(ast.parse(_method(f"return {after}")))


def test_offsets_are_right_behind_characters_of_several_bytes() -> None:
    text = _method("return self.größe('äöü', F.dropout(x))")

    assert "F.dropout(x, training=self.training))" in _mended(text)


@pytest.mark.parametrize(
    "line",
    [
        "return F.dropout(\n            x,  # the input\n            0.1  # p\n        )",
        "return F.dropout(x, self.training, False)",
        "return (lambda v: F.scaled_dot_product_attention(v, v, v, dropout_p=0.1 + 0.1))(x)",
    ],
)
def test_where_an_edit_is_not_sure_there_is_advice_only(line: str) -> None:
    found = audit_text(_method(line))

    assert found
    assert not _safe(_method(line))


def test_a_static_method_has_no_mode_to_pass() -> None:
    text = _method("return F.dropout(x)").replace(
        "def forward(self,", "@staticmethod\n    def act("
    )

    assert audit_text(text)
    assert not _safe(text)
