import json
import platform
from pathlib import Path

import pytest
import torch

from torchdrop.cli import _info
from torchdrop.kernels import STREAM_VERSION, TORCH, Routes, kernel

from .conftest import Run

ROUTES = Routes("onednn", "torch", "onednn")


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))


def _words(text: str) -> str:
    return " ".join(text.split())


def test_info_says_which_kernel_runs_and_why(run: Run) -> None:
    out = _words(run("info").out)

    assert f"kernel {kernel().name}" in out
    assert kernel().reason in out
    assert f"mask stream version {STREAM_VERSION}" in out


def test_info_as_json_has_every_fact(run: Run) -> None:
    facts = json.loads(run("info", "--json").out)

    assert facts["kernel"] == kernel().name
    assert facts["instruction_set"] == kernel().instruction_set
    assert facts["torch"] == torch.__version__
    assert facts["python"] == platform.python_version()
    assert facts["threads"] == torch.get_num_threads()
    assert facts["cpu"]


def test_info_names_the_library_of_each_product(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_info, "onednn_obstacle", lambda: "")
    monkeypatch.setattr(_info, "choose_routes", lambda *_: ROUTES)

    out = _words(run("info").out)
    facts = json.loads(run("info", "--json").out)["products"]

    assert "matrix products oneDNN where it is faster, else torch's own; here" in out
    for shape in ("128x1024x1024", "128x300x200"):
        assert f"{shape}: forward onednn, input gradient torch, weight gradient onednn" in out
        assert Routes.from_dict(facts["examples"][shape]) == ROUTES


def test_info_says_why_products_stay_with_torch(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_info, "onednn_obstacle", lambda: "there is no oneDNN here")

    facts = json.loads(run("info", "--json").out)["products"]

    assert "matrix products torch's own: there is no oneDNN here" in _words(run("info").out)
    assert facts == {"onednn": False, "reason": "there is no oneDNN here", "examples": {}}


def test_info_measures_for_real_and_keeps_what_it_measured(run: Run, tmp_path: Path) -> None:
    first = json.loads(run("info", "--json").out)["products"]
    second = json.loads(run("info", "--json").out)["products"]

    assert first == second
    if first["onednn"]:
        assert all(Routes.from_dict(routes) for routes in first["examples"].values())
    assert TORCH.to_dict().keys() == ROUTES.to_dict().keys()
