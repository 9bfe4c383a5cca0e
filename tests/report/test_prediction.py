"""The page of a Monte Carlo prediction."""

import base64
import io
import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from matplotlib.image import imread
from torch import nn
from torch.utils.data import TensorDataset

from torchdrop.errors import DataError
from torchdrop.montecarlo import (
    Prediction,
    interval_calibration,
    labeled,
    predict,
    risk_coverage,
    with_targets,
)
from torchdrop.report import prediction_page, render_prediction
from torchdrop.report._prediction_rows import COUNT, extremes, pictures
from torchdrop.report._prediction_words import errors, held, intervals, verdict

from .test_page import Page

ROWS = 40


def _predict(outputs: int, samples: int = 12, **settings: object) -> Prediction:
    generator = torch.Generator().manual_seed(0)
    x = torch.randn(ROWS, 4, generator=generator)
    y = torch.randint(outputs, (ROWS,), generator=generator) if outputs > 1 else x.sum(1)
    data = x if settings.pop("bare", False) else TensorDataset(x, y)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        layers = (nn.Linear(4, 16), nn.ReLU(), nn.Dropout(0.5), nn.Linear(16, outputs))
        model = nn.Sequential(*layers)
    given = {"generator": torch.Generator().manual_seed(0), **settings}
    return predict(model, data, samples, **given)  # type: ignore[arg-type]


@pytest.fixture(scope="module")
def classes() -> Prediction:
    return _predict(3)


def _some_unknown(outputs: int, **settings: Any) -> Prediction:
    """Every third row has no target."""
    made = _predict(outputs, bare=True, keep_samples=True, **settings)
    known = _predict(outputs).targets
    assert known is not None
    targets = known.clone()
    targets[::3] = -1 if outputs > 1 else torch.nan
    return with_targets(made, targets)


KINDS: dict[str, dict[str, Any]] = {
    "classes": {"outputs": 3},
    "two samples": {"outputs": 3, "samples": 2},
    "without targets": {"outputs": 3, "bare": True, "task": "classification"},
    "stopped": {"outputs": 3, "samples": 30, "until": 0.08},
    "numbers": {"outputs": 1},
    "numbers and noise": {"outputs": 1, "tau": 2.0},
    "shared": {"outputs": 2, "masks": "shared"},
    "some classes": {"outputs": 3, "task": "classification", "some": True},
    "some numbers": {"outputs": 1, "task": "regression", "tau": 2.0, "some": True},
}


@pytest.fixture(scope="module", params=KINDS)
def any_prediction(request: pytest.FixtureRequest) -> Prediction:
    settings = dict(KINDS[request.param])
    make = _some_unknown if settings.pop("some", False) else _predict
    return make(**settings)


def test_every_kind_gives_a_well_formed_page_without_broken_numbers(
    any_prediction: Prediction,
) -> None:
    html = render_prediction(any_prediction)
    page = Page(html)

    assert page.open == []
    assert len(set(page.ids)) == len(page.ids)
    assert not re.search(r"\bnan\b|\binf\b|\bNone\b", " ".join(page.text))


def test_the_page_loads_nothing(classes: Prediction) -> None:
    html = render_prediction(classes, torch.rand(ROWS, 5, 5))

    assert "http:" not in html
    assert "https:" not in html
    assert not re.search(r"url\((?!#)|@import|<link|<script|\ssrc=\"(?!data:)", html)


def test_the_page_is_the_same_each_time(classes: Prediction) -> None:
    images = torch.rand(ROWS, 1, 5, 5)

    assert render_prediction(classes, images) == render_prediction(classes, images)


def test_names_are_text_and_never_markup(classes: Prediction) -> None:
    names = ("<script>alert(1)</script>", "b", "c")
    html = render_prediction(classes, name=names[0], classes=names)

    assert "<script" not in html
    assert "alert(1)" in html


def test_the_sentence_on_top_gives_the_ends_of_the_curve(classes: Prediction) -> None:
    plain, last = classes.curve[0], classes.curve[-1]
    text = verdict(classes).replace("\N{NO-BREAK SPACE}", " ")

    assert re.findall(r"([\d.]+) % of rows", text) == [
        f"{100 * point.error:.2f}" for point in (last, plain)
    ]
    assert f"{last.log_likelihood:.4f}" in text
    assert f"{plain.log_likelihood:.4f}" in text


def test_rows_at_the_ends_are_those_of_least_and_most_entropy(classes: Prediction) -> None:
    sure, unsure = extremes(classes)
    order = np.argsort(classes.predictive_entropy.numpy(), kind="stable")

    assert [one.row for one in sure] == order[:COUNT].tolist()
    assert [one.row for one in unsure] == order[::-1][:COUNT].tolist()


def test_of_few_rows_each_is_shown_once(classes: Prediction) -> None:
    few = predict(
        nn.Sequential(nn.Dropout(0.5), nn.Linear(4, 3)), torch.randn(5, 4), 4, task="classification"
    )
    sure, unsure = extremes(few)

    assert len({one.row for one in (*sure, *unsure)}) == len(sure) + len(unsure) == 4


def test_a_wrong_class_is_shown_with_the_truth(classes: Prediction) -> None:
    sure, unsure = extremes(classes, ("red", "green", "blue"))
    assert classes.targets is not None
    for one in (*sure, *unsure):
        assert one.wrong == (int(classes.classes[one.row]) != int(classes.targets[one.row]))
    html = render_prediction(classes, classes=("red", "green", "blue"))

    assert html.count('class="wrong"') == sum(one.wrong for one in (*sure, *unsure)) > 0


@pytest.mark.parametrize("shape", [(ROWS, 4, 6), (ROWS, 1, 4, 6), (ROWS, 3, 4, 6)])
def test_pictures_hold_the_pixels_of_their_rows(
    classes: Prediction, shape: tuple[int, ...]
) -> None:
    images = torch.rand(shape, generator=torch.Generator().manual_seed(0)) * 7 - 2
    sure, _ = extremes(classes)
    drawn = pictures(images, ROWS, sure)
    low, high = images.min(), images.max()

    assert set(drawn) == {one.row for one in sure}
    for row, address in drawn.items():
        raw = base64.b64decode(address.removeprefix("data:image/png;base64,"))
        pixels = torch.tensor(imread(io.BytesIO(raw)))[..., :3].permute(2, 0, 1)
        expected = ((images[row] - low) / (high - low)).expand(3, 4, 6)
        assert torch.allclose(pixels.to(expected.dtype), expected, atol=1 / 255)


def test_images_that_do_not_fit_are_refused(classes: Prediction) -> None:
    with pytest.raises(DataError, match="39 images for 40 rows"):
        render_prediction(classes, torch.rand(ROWS - 1, 5, 5))
    with pytest.raises(DataError, match="1 or 3 channels"):
        render_prediction(classes, torch.rand(ROWS, 2, 5, 5))


def test_names_that_do_not_fit_are_refused(classes: Prediction) -> None:
    with pytest.raises(DataError, match="2 names for 3 classes"):
        render_prediction(classes, classes=("a", "b"))


def test_a_page_is_written_whole(classes: Prediction, tmp_path: Path) -> None:
    path = tmp_path / "page.html"

    assert prediction_page(classes, path) == path
    assert path.read_text(encoding="utf-8") == render_prediction(classes)
    assert list(tmp_path.iterdir()) == [path]


def test_nearly_certain_is_not_written_as_certain(classes: Prediction) -> None:
    values = torch.tensor([[0.9996, 0.0004, 0.0], [1.0, 0.0, 0.0], [0.9994, 0.0, 0.0006]])
    rows = torch.cat([values, torch.full((ROWS - 3, 3), 1 / 3)]).double()
    sure, _ = extremes(replace(classes, mean=rows))

    assert {one.row: one.certainty for one in sure if one.row < 3} == {
        0: "> 99.9%",
        1: "100.0%",
        2: "99.9%",
    }


@pytest.mark.parametrize(("outputs", "task"), [(3, "classification"), (1, "regression")])
def test_rows_without_a_target_are_shown_without_a_truth_and_judge_nothing(
    outputs: int, task: str
) -> None:
    made = _some_unknown(outputs, task=task)
    shown = [one for group in extremes(made) for one in group]

    assert {bool(one.truth) for one in shown} == {True, False}
    assert all(bool(one.truth) == (one.row % 3 != 0) for one in shown)
    assert not any(one.wrong for one in shown if not one.truth)
    assert "14 rows without a target are left out." in verdict(made)
    sections = (
        page.split('id="rows"')[0] for page in map(render_prediction, (made, labeled(made)))
    )
    judged, alone = (page.split("</header>")[1] for page in sections)
    assert judged == alone


def test_tables_of_a_regression_hold_the_figures_of_its_measures() -> None:
    made = _predict(1, tau=2.0)
    curve, found = risk_coverage(made), interval_calibration(made)
    html = render_prediction(made)

    known = (curve.aurc, curve.best_aurc, float(curve.risk[-1]))
    assert [float(x) for x in errors(curve)[1][1:]] == pytest.approx(known, rel=1e-3)
    assert [line[0] for line in intervals(found)] == ["level", "50%", "80%", "90%", "95%"]
    assert intervals(found)[2][1] == f"{float(found.share[15]):.1%}"
    assert found.levels[15] == 0.8
    assert f"{100 * found.error:.1f}" in held(found)
    assert ("too wide" in held(found)) == (found.surplus > 0)
    for cell in (*errors(curve)[1], *intervals(found)[2]):
        assert f">{cell}<" in html


def test_without_tau_there_is_no_section_on_intervals() -> None:
    assert "Whether intervals hold" in render_prediction(_predict(1, tau=2.0))
    assert "Whether intervals hold" not in render_prediction(_predict(1))
    assert "With doubtful rows left out" in render_prediction(_predict(1))
