"""SARIF: valid by the standard's schema, and true."""

import json
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from torchdrop.audit import RULES, Finding, Findings, Fix, Place, apply_edits
from torchdrop.report.audit import to_sarif

from .findings import find, write_project

SCHEMA = Path(__file__).parents[2] / "audit" / "sarif" / "sarif-schema-2.1.0.json"
ON_MODEL = Finding(
    "DRP109", "rate", "advice", Place(module=""), "p is 1.", "Why.", Fix("Do."), layer="model"
)


def _run(findings: Findings, root: Path) -> dict[str, Any]:
    """The one run of a log, once it is valid."""
    log = json.loads(json.dumps(to_sarif(findings, RULES, root)))
    jsonschema.Draft4Validator(json.loads(SCHEMA.read_text(encoding="utf-8"))).validate(log)
    assert log["version"] == "2.1.0"
    (run,) = log["runs"]
    assert isinstance(run, dict)
    return run


def test_the_schema_is_one_that_refuses(tmp_path: Path) -> None:
    log = to_sarif(Findings((ON_MODEL,)), RULES, tmp_path)
    log["runs"][0]["results"][0]["level"] = "advice"

    with pytest.raises(jsonschema.ValidationError, match="'advice' is not one of"):
        jsonschema.Draft4Validator(json.loads(SCHEMA.read_text(encoding="utf-8"))).validate(log)


def test_a_place_is_a_region_of_a_file_below_the_root(tmp_path: Path) -> None:
    write_project(tmp_path)
    first, _ = _run(find(tmp_path), tmp_path)["results"]
    location = first["locations"][0]["physicalLocation"]

    assert location["artifactLocation"] == {"uri": "a%20b/mod%C3%A8le.py", "uriBaseId": "%SRCROOT%"}
    assert location["region"] == {"startLine": 7, "startColumn": 13, "endLine": 7, "endColumn": 30}


def test_a_file_elsewhere_has_its_whole_address(tmp_path: Path) -> None:
    path = write_project(tmp_path)
    (tmp_path / "root").mkdir()
    first, _ = _run(find(tmp_path), tmp_path / "root")["results"]

    assert first["locations"][0]["physicalLocation"]["artifactLocation"] == {
        "uri": path.resolve().as_uri()
    }


def test_every_rule_is_described_and_results_point_to_theirs(tmp_path: Path) -> None:
    write_project(tmp_path)
    run = _run(find(tmp_path), tmp_path)
    rules = run["tool"]["driver"]["rules"]

    assert [x["id"] for x in rules] == [x.id for x in RULES]
    assert all(x["help"]["markdown"].startswith(x["shortDescription"]["text"]) for x in rules)
    assert [rules[x["ruleIndex"]]["id"] for x in run["results"]] == ["DRP101", "DRP101"]
    assert [x["level"] for x in run["results"]] == ["error", "warning"]


def test_fingerprints_survive_moved_lines(tmp_path: Path) -> None:
    path = write_project(tmp_path)
    before = _run(find(tmp_path), tmp_path)["results"]
    path.write_text("\n\n" + path.read_text(encoding="utf-8"), encoding="utf-8")
    after = _run(find(tmp_path), tmp_path)["results"]

    assert [x["partialFingerprints"] for x in before] == [x["partialFingerprints"] for x in after]
    assert before[0]["partialFingerprints"] != before[1]["partialFingerprints"]


@pytest.mark.parametrize("ends", ["\n", "\r\n"])
def test_a_fix_says_what_the_edits_do(ends: str, tmp_path: Path) -> None:
    path = write_project(tmp_path)
    text = path.read_text(encoding="utf-8")
    path.write_bytes(text.replace("\n", ends).encode())
    findings = find(tmp_path)
    first, second = _run(findings, tmp_path)["results"]
    (change,) = first["fixes"][0]["artifactChanges"]
    (replacement,) = change["replacements"]
    region = replacement["deletedRegion"]
    lines = text.split("\n")
    line, column = lines[region["startLine"] - 1], region["startColumn"] - 1
    lines[region["startLine"] - 1] = (
        line[:column] + replacement["insertedContent"]["text"] + line[region["endColumn"] - 1 :]
    )

    assert findings[0].fix is not None
    assert "\n".join(lines) == apply_edits(text, findings[0].fix.edits)
    assert "fixes" not in second


def test_what_could_not_be_read_is_told(tmp_path: Path) -> None:
    write_project(tmp_path)
    (note,) = _run(find(tmp_path), tmp_path)["invocations"][0]["toolExecutionNotifications"]

    assert "broken.py is not Python that this version can parse" in note["message"]["text"]


def test_a_finding_in_a_model_has_a_logical_place(tmp_path: Path) -> None:
    (result,) = _run(Findings((ON_MODEL,)), tmp_path)["results"]

    assert result["locations"] == [
        {"logicalLocations": [{"fullyQualifiedName": "the model", "kind": "module"}]}
    ]
    assert result["level"] == "note"


def test_a_notebook_is_named_without_a_region(tmp_path: Path) -> None:
    cells = [{"cell_type": "code", "source": "import torch\ntorch.dropout(x, 0.5)"}]
    (tmp_path / "n.ipynb").write_text(json.dumps({"cells": cells}))
    place = Place(str(tmp_path / "n.ipynb"), 2, 1, 2, 5)
    finding = Finding("DRP101", "name", "error", place, "Message.", "Why.")
    (result,) = _run(Findings((finding,)), tmp_path)["results"]

    assert "region" not in result["locations"][0]["physicalLocation"]
