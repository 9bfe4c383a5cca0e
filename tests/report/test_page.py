import json
import re
import sys
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path

import pytest
from matplotlib import rcParams

from torchdrop.report import render_html, write_html
from torchdrop.tuning import Layout, TuningResult

from .conftest import GRID, ResultFactory

VOID = {"meta", "link", "br", "img", "input", "hr"}


class Page(HTMLParser):
    """Tags, ids, links and text of a page; refuses tags that do not nest."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.ids: list[str] = []
        self.attributes: list[tuple[str, str]] = []
        self.text: list[str] = []
        self.rows: list[list[str]] = []
        self.feed(html)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.handle_startendtag(tag, attrs)
        if tag not in VOID:
            self.open.append(tag)
        if tag == "tr":
            self.rows.append([])
        if tag in {"td", "th"}:
            self.rows[-1].append("")

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.attributes += [(name, value or "") for name, value in attrs]
        self.ids += [value or "" for name, value in attrs if name == "id"]

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.text.append(data)
        if {"td", "th"} & set(self.open):
            self.rows[-1][-1] += data + " "


@pytest.fixture(scope="module")
def html(result: TuningResult) -> str:
    return render_html(result)


@pytest.fixture(
    scope="module",
    params=[
        {},
        {"task": "regression", "scale": 40.0},
        {"seeds": 1},
        {"seeds": 2, "benefit": 0.0},
        {"epochs": 1},
        {"grid": (0.0, 0.5)},
        {"grid": tuple(step / 20 for step in range(12)), "seeds": 2},
        {"grid": (0.0, 0.5, 1.0)},
        {"layout": None},
        {"diverged": [(0.1, seed) for seed in range(5)] + [(0.3, 1)]},
        {"diverged": [(0.0, seed) for seed in range(5)]},
        {"diverged": [(p, seed) for p in GRID for seed in range(5)]},
    ],
    ids=str,
)
def any_result(request: pytest.FixtureRequest, make_result: ResultFactory) -> TuningResult:
    return make_result(**request.param)


@pytest.fixture(scope="module")
def any_page(any_result: TuningResult) -> Page:
    return Page(render_html(any_result))


def test_every_kind_of_result_gives_a_well_formed_page_with_unique_ids(any_page: Page) -> None:
    assert any_page.open == []
    assert len(set(any_page.ids)) == len(any_page.ids)


def test_every_kind_of_result_names_each_rate_and_no_broken_number(
    any_result: TuningResult, any_page: Page
) -> None:
    first = [row[0].split()[0] for row in any_page.rows[1:]]
    assert first == [f"{summary.p:g}" for summary in any_result.summaries]
    assert not re.search(r"\bnan\b|\binf\b|None", " ".join(" ".join(r) for r in any_page.rows))


def test_every_reference_inside_the_page_has_its_target(html: str) -> None:
    page = Page(html)
    wanted = set(re.findall(r"url\(#([^)]+)\)", html))
    wanted |= {value[1:] for name, value in page.attributes if name == "href"}
    for name, value in page.attributes:
        if name in {"aria-labelledby", "aria-describedby"}:
            wanted |= set(value.split())
    assert wanted <= set(page.ids)


def test_the_page_loads_nothing(html: str) -> None:
    assert "http:" not in html
    assert "https:" not in html
    assert not re.search(r"url\((?!#)|@import|<link|<img|\ssrc=", html)


def test_the_page_is_the_same_each_time(make_result: ResultFactory, html: str) -> None:
    assert render_html(make_result()) == html


def test_names_are_text_and_never_markup(make_result: ResultFactory) -> None:
    name = "</script><script>alert(1)</script>"
    html = render_html(make_result(name=name))
    assert "<script>alert" not in html
    assert name in "".join(Page(html).text)


def test_a_verdict_stands_on_top(result: TuningResult, html: str) -> None:
    text = "".join(Page(html).text).replace("\xa0", " ")
    assert result.verdict.sentence in text
    assert text.index(result.verdict.sentence) < text.index("Validation loss")


def test_the_table_of_the_page_holds_the_numbers_of_the_records(
    result: TuningResult, html: str
) -> None:
    for row, summary in zip(Page(html).rows[1:], result.summaries, strict=True):
        loss, accuracy = summary.validation_loss, summary.test_accuracy
        assert loss is not None
        assert accuracy is not None
        assert loss.low is not None
        assert row[1].split()[0] == f"{loss.mean:.4f}"
        assert row[1].split()[1] == f"[{loss.low:.4f},"
        assert row[5].split()[0] == f"{accuracy.mean:.2%}"
        assert float(row[6]) == pytest.approx(summary.seconds, rel=0.05)


def test_settings_are_shown_whatever_they_are(make_result: ResultFactory) -> None:
    result = make_result(grid=(0.0, 0.5))
    settings = {**result.settings, "odd": {"a": {"b": None}}, "text": "<b>", "path": Path("x")}
    page = Page(render_html(replace(result, settings=settings)))
    assert {"odd, a, b", "null", "<b>", "adam, learning rate 0.001"} <= set(page.text)


def test_regression_shows_the_test_loss(make_result: ResultFactory) -> None:
    page = Page(render_html(make_result(task="regression")))
    assert page.rows[0][5].strip() == "test loss"
    assert "test accuracy" not in "".join(page.text)


def test_an_undecided_verdict_recommends_nothing(make_result: ResultFactory) -> None:
    html = render_html(make_result(seeds=1))
    text = re.sub(r"<style>.*</style>", "", html, flags=re.S)
    assert "recommended" not in text
    assert "lowest loss" in text


def test_a_network_that_is_no_chain_is_left_out_with_a_sentence(
    make_result: ResultFactory,
) -> None:
    html = render_html(make_result(layout=None))
    assert "so it is not drawn" in html
    assert "network-draws" not in html


def test_the_page_embeds_the_masks_of_the_rate_it_names(html: str) -> None:
    found = re.search(r'id="network-draws">(.*?)</script>', html, flags=re.S)
    assert found
    content = json.loads(found[1])
    assert f"Drawn with p = {content['p']:g}" in html
    nodes = [len(layer) for layer in content["nodes"]]
    assert all([len(bits) for bits in draw["bits"]] == nodes for draw in content["draws"])
    assert content["draws"][0]["counts"] in html


def test_an_input_that_drops_is_drawn_so(make_result: ResultFactory) -> None:
    html = render_html(make_result(layout=Layout((8, 5, 3), (True, True, False))))
    assert "input kept" in html


def test_rendering_leaves_no_trace_in_matplotlib(make_result: ResultFactory) -> None:
    # Reading "backend" would itself load pyplot.
    names = [name for name in rcParams if name != "backend"]
    before = [rcParams[name] for name in names], "matplotlib.pyplot" in sys.modules
    render_html(make_result(grid=(0.0, 0.5), seeds=2))
    assert ([rcParams[name] for name in names], "matplotlib.pyplot" in sys.modules) == before


def test_the_readers_matplotlib_settings_play_no_part(
    result: TuningResult, html: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(rcParams, "font.size", 30.0)
    assert render_html(result) == html


def test_a_written_page_is_the_rendered_one_and_leaves_no_draft(
    result: TuningResult, html: str, tmp_path: Path
) -> None:
    path = tmp_path / "report.html"
    path.write_text("old")
    assert write_html(result, path) == path
    assert path.read_text(encoding="utf-8") == html
    assert list(tmp_path.iterdir()) == [path]
