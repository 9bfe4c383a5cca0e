"""The pages about layers are complete, and their examples run."""

import inspect
import re
from pathlib import Path

import pytest
import torch

from torchdrop import nn

DOCS = Path(__file__).parents[1] / "docs"
INDEX = DOCS / "layers" / "index.md"
LAYER_PAGES = sorted(page for page in (DOCS / "layers").glob("*.md") if page != INDEX)
EXAMPLES = [*LAYER_PAGES, DOCS / "schedules.md", DOCS / "fold.md"]
LAYERS = sorted(name for name, value in vars(nn).items() if inspect.isclass(value))


def _links(page: Path) -> list[str]:
    prose = re.sub(r"```.*?```|`[^`]*`", "", page.read_text(encoding="utf-8"), flags=re.DOTALL)
    return re.findall(r"\]\(([^)#]+)\)", prose)


def _name(page: Path) -> str:
    return page.stem


@pytest.mark.parametrize("layer", LAYERS)
def test_every_layer_has_a_page_that_gives_its_arguments(layer: str) -> None:
    texts = [page.read_text(encoding="utf-8") for page in LAYER_PAGES]

    assert any(re.search(rf"`nn\.{layer}\b", text) for text in texts)


def test_the_index_links_every_page() -> None:
    assert {page.name for page in LAYER_PAGES} <= set(_links(INDEX))


@pytest.mark.parametrize("page", [INDEX, *LAYER_PAGES], ids=_name)
def test_links_and_pictures_lead_somewhere(page: Path) -> None:
    for target in _links(page):
        assert target.startswith("https://") or (page.parent / target).exists(), target


@pytest.mark.parametrize("page", LAYER_PAGES, ids=_name)
def test_every_page_shows_its_own_picture(page: Path) -> None:
    picture = f"../images/layers/{page.stem}.svg"

    assert picture in _links(page)
    assert (page.parent / picture).stat().st_size < 40_000


@pytest.mark.parametrize("page", EXAMPLES, ids=_name)
def test_the_examples_run(page: Path) -> None:
    blocks = re.findall(r"```python\n(.*?)```", page.read_text(encoding="utf-8"), re.DOTALL)

    assert blocks
    for block in blocks:
        with torch.random.fork_rng():
            torch.manual_seed(0)
            exec(compile(block, str(page), "exec"), {})


def test_footnotes_of_the_index_are_there_and_used() -> None:
    text = INDEX.read_text(encoding="utf-8")
    told = re.findall(r"^\[\^(\w+)\]:", text, re.MULTILINE)

    assert sorted(told) == sorted(set(re.findall(r"\[\^(\w+)\](?!:)", text)))
