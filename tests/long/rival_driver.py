"""Run a rival on models: `python rival_driver.py TOOL FILE...`, in the rival's own environment.

Each file defines `build()` and `example()`. Printed as JSON: for each file, what the tool reports.
Only the standard library, torch, the rival, and what the files need are imported.
"""

from __future__ import annotations

import contextlib
import io
import json
import runpy
import sys
import warnings
from collections.abc import Callable
from typing import Any

import torch


def by_torchtest2(model: torch.nn.Module, batch: Any) -> list[str]:
    """Names of the checks that fail or warn; whether a batch can be learned is left out."""
    from torchtest2 import check_model  # type: ignore[import-not-found,unused-ignore]  # noqa: PLC0415

    report = check_model(model, batch, overfit_steps=0)
    return [result.name for result in (*report.failures, *report.warnings)]


def by_torch_audit(model: torch.nn.Module, batch: Any) -> list[str]:
    """Ids of the rules that report before training, and in one step of it."""
    from torch_audit import Auditor  # type: ignore[import-not-found,unused-ignore]  # noqa: PLC0415

    optimizer = torch.optim.SGD([*model.parameters(), torch.zeros(1, requires_grad=True)], lr=0.01)
    with Auditor(model, optimizer=optimizer, every_n_steps=1, auto_finish=False) as auditor:
        auditor.audit_static()
        auditor.audit_init()
        output = auditor.forward(*(batch if isinstance(batch, tuple) else (batch,)))
        auditor.backward(output.sum())
        auditor.optimizer_step()
        return sorted({finding.rule_id for finding in auditor.finish().findings})


TOOLS: dict[str, Callable[[torch.nn.Module, Any], list[str]]] = {
    "torchtest2": by_torchtest2,
    "torch-audit": by_torch_audit,
}


def main(tool: str, paths: list[str]) -> None:
    """Print what the tool reports; a file that it breaks off on says so."""
    warnings.simplefilter("ignore")
    found: dict[str, list[str]] = {}
    for path in paths:
        names = runpy.run_path(path)
        try:
            with contextlib.redirect_stdout(io.StringIO()):
                torch.manual_seed(0)
                found[path] = TOOLS[tool](names["build"](), names["example"]())
        except Exception as error:  # noqa: BLE001 - a rival that breaks off is a result
            found[path] = [f"broke off: {type(error).__name__}"]
    sys.stdout.write(json.dumps(found))


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2:])
