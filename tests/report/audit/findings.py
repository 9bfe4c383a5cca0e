"""A small project with an error and a warning, and its findings."""

from pathlib import Path

from torchdrop.audit import Findings, audit_paths

MODEL = """import torch.nn.functional as F
from torch import nn


class Model(nn.Module):
    def forward(self, x):
        x = F.dropout(x, 0.5)
        return x


def noisy(x):
    return F.dropout(
        x,
        0.5,
    )
"""


def write_project(folder: Path) -> Path:
    """Write the model's file, and one that cannot be parsed."""
    (folder / "a b").mkdir()
    (folder / "a b" / "modèle.py").write_text(MODEL, encoding="utf-8")
    (folder / "broken.py").write_text("import torch\ndef (:\n")
    return folder / "a b" / "modèle.py"


def find(folder: Path) -> Findings:
    """Only of the rule that the tests are about, whatever others say."""
    found = audit_paths([folder])
    items = tuple(x for x in found if x.rule == "DRP101")
    assert [x.severity for x in items] == ["error", "warning"]
    return Findings(items, found.files, found.skipped, found.suppressed, found.notes)
