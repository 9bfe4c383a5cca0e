import io
import math
import re

import pytest
from rich.console import Console

from torchdrop.report._beyond import Beyond, beyond, render_beyond
from torchdrop.report._learned_path import mean_paths, path_figure
from torchdrop.report._page import environment
from torchdrop.tuning import LearnedMember, LearnedResult, NextRates, PerLayerResult, Trial

REFINEMENT = NextRates((), "Refined no further: next to p = 0.3, nothing can be told from it.")
PER_LAYER = PerLayerResult(
    layers=("2", "5"),
    shared_p=0.3,
    trials=(Trial((0.3, 0.3), (1.0, 1.1)), Trial((0.1234, 0.62), (0.9, 0.9))),
    fresh_seeds=(2, 3),
    shared_losses=(1.0, 1.1),
    best_losses=(0.9, 1.01),
)


def learned_result(losses: tuple[float, ...] = (0.9, 1.05)) -> LearnedResult:
    paths = (((0.1, 0.1), (0.2, 0.3), (0.25, 0.4)), ((0.1, 0.1), (0.3, 0.5)))
    members = tuple(
        LearnedMember(seed, path, len(path) - 1, 0.5, loss, 1.0, 0.9)
        for seed, (path, loss) in enumerate(zip(paths, losses, strict=True))
    )
    return LearnedResult(("2", "5"), members, 0.3, (1.0, 1.1), (1.2, 1.3))


def plain(shown: Beyond) -> str:
    console = Console(file=io.StringIO(), width=400, color_system=None)
    console.print(render_beyond(shown))
    assert isinstance(console.file, io.StringIO)
    return console.file.getvalue()


def page(shown: Beyond) -> str:
    return environment().get_template("beyond.html").render(beyond=shown)


@pytest.fixture
def everything() -> Beyond:
    shown = beyond(REFINEMENT, PER_LAYER, learned_result())
    assert shown is not None
    return shown


def test_nothing_beyond_the_grid_shows_nothing() -> None:
    assert beyond() is None


def test_each_answer_is_given_in_its_own_words(everything: Beyond) -> None:
    text = plain(everything)

    for sentence in (REFINEMENT.reason, PER_LAYER.sentence, learned_result().sentence):
        assert sentence in text
    assert text.isascii()


def test_the_table_has_a_row_for_each_layer(everything: Beyond) -> None:
    assert everything.headings == ("layer", "shared p", "searched p", "learned p")
    cells = [[cell.text for cell in row] for row in everything.rows]
    assert cells == [["2", "0.3", "0.123", "0.275"], ["5", "0.3", "0.62", "0.450"]]
    assert re.search(r"5 +0\.3 +0\.62 +0\.450 \[0\.000, 1\.000\]", plain(everything))


def test_only_what_was_done_is_shown() -> None:
    refined = beyond(REFINEMENT)
    assert refined is not None
    assert (refined.headings, refined.rows, refined.learned) == ((), (), None)
    assert plain(refined).strip() == f"Finer steps: {REFINEMENT.reason}"
    assert "<table>" not in page(refined)
    searched = beyond(per_layer=PER_LAYER)
    assert searched is not None
    assert searched.headings == ("layer", "shared p", "searched p")
    learned = beyond(learned=learned_result())
    assert learned is not None
    assert learned.headings == ("layer", "learned p")


def test_learning_that_diverged_has_a_sentence_and_no_figures() -> None:
    shown = beyond(learned=learned_result((math.nan, math.nan)))

    assert shown is not None
    assert shown.answers == (("Learned p", "Every run with learned p diverged."),)
    assert (shown.headings, shown.rows, shown.learned) == ((), (), None)


def test_the_page_shows_answers_table_and_figure(everything: Beyond) -> None:
    html = page(everything)

    assert html.count("<tr>") == 3
    assert html.count("<svg") == 1
    assert "One p per layer" in html
    assert "[0.000, 1.000]" in html
    assert html.count("<section") == html.count("</section>") == 1


def test_paths_are_averaged_over_the_epochs_that_all_runs_have() -> None:
    first, second = mean_paths(learned_result())

    assert first == pytest.approx((0.1, 0.25))
    assert second == pytest.approx((0.1, 0.4))
    assert mean_paths(learned_result((0.9, math.nan)))[0] == pytest.approx((0.1, 0.2, 0.25))


def test_the_figure_says_what_it_shows_and_names_each_layer() -> None:
    svg = path_figure(learned_result())

    assert "layer 2 from 0.10 to 0.25; layer 5 from 0.10 to 0.40." in svg
    for label in ("layer 2", "layer 5", "grid: p = 0.3"):
        assert f">{label}</text>" in svg
    assert path_figure(learned_result()) == svg
