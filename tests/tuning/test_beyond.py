"""What follows a grid when it is asked for, also when it is interrupted."""

import json
from pathlib import Path
from typing import Any

import pytest
from torch import nn

from torchdrop import networks, tune
from torchdrop.data import Dataset
from torchdrop.errors import ModelError
from torchdrop.tuning import LearnedResult, PerLayerResult, load_result
from torchdrop.tuning import _beyond as beyond

RECIPE = networks.MLP((2, 8, 3))
SETTINGS: dict[str, Any] = {"p": [0.3], "seeds": 2, "epochs": 2, "batch_size": 16}


@pytest.fixture(autouse=True)
def _few_trials(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(beyond, "TRIALS", 3)


def test_nothing_follows_unasked(small_data: Dataset) -> None:
    result = tune(RECIPE, small_data, **SETTINGS)

    assert result.per_layer is None
    assert result.learned is None


def test_all_of_it_is_in_the_result_and_on_disk(small_data: Dataset, tmp_path: Path) -> None:
    pytest.importorskip("optuna")
    said: list[str] = []
    result = tune(
        RECIPE,
        small_data,
        refine=True,
        per_layer=True,
        learn=True,
        out=tmp_path,
        on_beyond=said.append,
        **SETTINGS,
    )

    assert isinstance(result.per_layer, PerLayerResult)
    assert isinstance(result.learned, LearnedResult)
    assert len(result.per_layer.trials) == 3
    assert [sentence.split(",")[0] for sentence in said[3:]] == [
        "learned p",
        "learned p",
    ]
    assert load_result(tmp_path) == result
    assert not (tmp_path / "beyond").exists()


def test_an_interrupted_search_goes_on_where_it_was(small_data: Dataset, tmp_path: Path) -> None:
    pytest.importorskip("optuna")
    asked: dict[str, Any] = {**SETTINGS, "per_layer": True, "learn": True}
    tune(RECIPE, small_data, out=tmp_path / "whole", **asked)

    def stop(sentence: str) -> None:
        if sentence.startswith(("per layer 2/", "learned p, seed 0")):
            raise KeyboardInterrupt

    for existing in ("refuse", "resume"):
        with pytest.raises(KeyboardInterrupt):
            tune(
                RECIPE,
                small_data,
                out=tmp_path / "parts",
                on_beyond=stop,
                existing=existing,
                **asked,
            )
    said: list[str] = []
    tune(
        *(RECIPE, small_data),
        out=tmp_path / "parts",
        existing="resume",
        on_beyond=said.append,
        **asked,
    )

    assert len(said) == 1  # the other network that learns
    whole, parts = ((tmp_path / name / "result.json").read_bytes() for name in ("whole", "parts"))
    assert json.loads(whole) == json.loads(parts)
    assert whole == parts


def test_what_cannot_learn_its_p_is_refused_before_training(small_data: Dataset) -> None:
    def self_normalizing(p: float) -> nn.Module:
        return nn.Sequential(nn.Linear(2, 8), nn.AlphaDropout(p), nn.Linear(8, 3))

    with pytest.raises(ModelError):
        tune(self_normalizing, small_data, learn=True, **SETTINGS)
