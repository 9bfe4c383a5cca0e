"""Draw a mask of every layer for its page: `python docs/make_layer_pictures.py`.

Cells are plain SVG paths: an image embedded in an SVG is blocked on some sites.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from html import escape
from pathlib import Path
from typing import TypeAlias

import torch
from torch import Tensor

from torchdrop import functional, nn

FOLDER = Path(__file__).parent / "images" / "layers"
LIGHT, DARK, TEXT = (224, 227, 232), (38, 43, 51), "#767b82"
SHADES = 8
CELL, GAP, LINE, NARROWEST = 6, 18, 16, 330

Maps: TypeAlias = Mapping[str, Tensor]
"""Rows and columns under a heading; 0 is drawn light, 1 dark."""


@dataclass(frozen=True)
class Picture:
    """Maps side by side, above two lines: what their rows and columns are, and their shades."""

    maps: Callable[[], Maps]
    axes: str
    legend: str


PICTURES: dict[str, Picture] = {}
"""By the name of the page."""


def _picture(
    axes: str, legend: str = "dark: kept, light: dropped"
) -> Callable[[Callable[[], Maps]], Callable[[], Maps]]:
    """Enter a function into `PICTURES`, under its name without the underscore."""

    def enter(maps: Callable[[], Maps]) -> Callable[[], Maps]:
        PICTURES[maps.__name__[1:]] = Picture(maps, axes, legend)
        return maps

    return enter


def _between(values: Tensor, low: float, high: float) -> Tensor:
    return (values - low) / (high - low)


def _numbered(word: str, maps: Tensor) -> Maps:
    """Head the maps along the first axis by a word and their number."""
    return {f"{word} {number}": each for number, each in enumerate(maps, 1)}


@_picture("samples x features", "dark: above 0, light: 0")
def _activation_dropout() -> Maps:
    x = torch.randn(24, 24)
    y = functional.activation_dropout(x, "relu", 0.5, training=True)
    return {"relu": x.relu() != 0, "relu, then dropped": y != 0}


@_picture("samples x features", "light: -2, dark: 3; dropped elements become -0.78")
def _alpha_dropout() -> Maps:
    x = torch.randn(24, 24)
    y = functional.alpha_dropout(x, 0.5, training=True)
    return {"before": _between(x, -2, 3), "after": _between(y, -2, 3)}


@_picture("queries x keys", "light: probability 0, dark: 0.25 or more")
def _attention() -> Maps:
    angle = torch.linspace(0, 3, 24)
    points = torch.stack([angle.cos(), angle.sin()], 1)
    modes = {"evaluation": False, "training": True}
    return {
        mode: functional.attention(
            points, points, torch.eye(24), 0.3, training=training, scale=20.0
        )
        / 0.25
        for mode, training in modes.items()
    }


@_picture("4 x 4 channels of 8 x 8 pixels")
def _channel_dropout() -> Maps:
    kept = functional.dropout2d(torch.ones(2, 16, 8, 8), 0.5, training=True) != 0
    tiles = kept.reshape(2, 4, 4, 8, 8).transpose(2, 3)
    return _numbered("sample", tiles.reshape(2, 32, 32))


@_picture("samples x features", "light: dropped, dark: kept, gray: between, as the mask is relaxed")
def _concrete_dropout() -> Maps:
    x, p_logit = torch.ones(24, 24), torch.tensor(0.0)
    return {
        f"temperature {t}": functional.concrete_dropout(x, p_logit, training=True, temperature=t)
        / 2
        for t in (0.1, 0.5)
    }


@_picture("height x width")
def _drop_block() -> Maps:
    kept = functional.drop_block2d(torch.ones(1, 2, 32, 32), 0.25, 7, training=True) != 0
    return _numbered("channel", kept[0])


@_picture("inputs x outputs")
def _drop_connect() -> Maps:
    x, weight = torch.eye(24), torch.ones(24, 24)
    kept = [
        functional.drop_connect(x, weight, p=0.5, training=True, per_sample=False) != 0
        for _ in range(2)
    ]
    return _numbered("mask", torch.stack(kept))


@_picture("samples x features")
def _drop_path() -> Maps:
    return {"": functional.drop_path(torch.ones(24, 32), 0.3, training=True) != 0}


@_picture("samples x features")
def _dropout() -> Maps:
    x = torch.ones(24, 24)
    return {
        f"dims={dims}": functional.dropout(x, 0.5, training=True, dims=dims) != 0
        for dims in (None, (0,), (1,))
    }


@_picture("words x dimensions")
def _embedding_dropout() -> Maps:
    words, table = torch.arange(24), torch.ones(24, 32)
    return {"": functional.embedding_dropout(words, table, 0.2, training=True) != 0}


@_picture("samples x features", "light: factor -1, dark: 3")
def _gaussian_dropout() -> Maps:
    factor = functional.gaussian_dropout(torch.ones(24, 32), 0.5, training=True)
    return {"": _between(factor, -1, 3)}


@_picture("samples x features", "light: -2 standard deviations, dark: 2")
def _gaussian_noise() -> Maps:
    noise = functional.gaussian_noise(torch.zeros(24, 32), 1.0, training=True)
    return {"": _between(noise, -2, 2)}


@_picture("calls x layers", "dark: run, light: skipped")
def _layer_drop() -> Maps:
    layers = [place.add for place in torch.eye(24)]  # each leaves a mark in a place of its own
    x = torch.zeros(24)
    calls = [functional.layer_drop(x, layers, 0.3, training=True) != 0 for _ in range(24)]
    return {"": torch.stack(calls)}


@_picture("time steps x features")
def _locked_dropout() -> Maps:
    kept = functional.locked_dropout(torch.ones(24, 2, 24), 0.5, training=True) != 0
    return _numbered("sample", kept.transpose(0, 1))


@_picture("samples x features")
def _multi_sample_dropout() -> Maps:
    x = torch.ones(16, 16)
    kept = functional.multi_sample_dropout(x, torch.clone, 0.5, 5, training=True) != 0
    return _numbered("mask", kept)


@_picture("samples x features")
def _r_drop() -> Maps:
    x = torch.ones(2, 24, 24)
    return _numbered("pass", functional.dropout(x, 0.3, training=True) != 0)


@_picture("samples x features, whose scores rise from -4 to 4")
def _standout() -> Maps:
    scores = torch.linspace(-4, 4, 32).expand(24, 32)
    return {"": functional.standout(torch.ones(24, 32), scores, training=True) != 0}


@_picture("samples x features, whose log_alpha rises from -6 to 1", "light: factor -1, dark: 3")
def _variational_dropout() -> Maps:
    log_alpha = torch.linspace(-6, 1, 32).expand(24, 32)
    factor = functional.variational_dropout(torch.ones(24, 32), log_alpha, training=True)
    return {"": _between(factor, -1, 3)}


@_picture("time steps x units of the state")
def _variational_rnn() -> Maps:
    """Let `h_t = tanh(2 h_{t-1})` in a GRU (its r = 1, z = 0): what it keeps stays near 1."""
    one, none = torch.ones(24), torch.zeros(24, 24)
    state_weight = torch.cat([none, none, 2 * torch.eye(24)])
    bias = torch.cat([20 * one, -20 * one, 0 * one])
    weights = [[torch.zeros(72, 1), state_weight, bias, torch.zeros(72)]]
    x, state = torch.zeros(24, 2, 1), (torch.ones(1, 2, 24),)
    h, _ = functional.variational_gru(x, state, weights, 0.0, 0.5, training=True)
    return _numbered("sample", h.transpose(0, 1) > 0.5)


@_picture("outputs x inputs")
def _weight_drop() -> Maps:
    return {"": nn.WeightDrop(0.5)(torch.ones(24, 32)) != 0}


@_picture("time steps x units", "dark: new value, light: old value")
def _zoneout() -> Maps:
    new, old = torch.ones(24, 2, 24), torch.zeros(24, 2, 24)
    taken = functional.zoneout(new, old, 0.3, training=True) != 0
    return _numbered("sample", taken.transpose(0, 1))


def svg(picture: Picture) -> str:
    """Draw a picture, of the same bytes each time."""
    torch.manual_seed(0)
    maps = picture.maps()
    heading = LINE if any(maps) else 0
    row = sum(CELL * each.shape[1] + GAP for each in maps.values()) - GAP
    width = max(row, NARROWEST)
    bottom = heading + max(CELL * each.shape[0] for each in maps.values())

    left, parts = (width - row) / 2, []
    for head, each in maps.items():
        middle = left + CELL * each.shape[1] / 2
        parts += [_text(head, middle, LINE - 6), _cells(each, left, heading)]
        left += CELL * each.shape[1] + GAP
    parts.append(_text(picture.axes, width / 2, bottom + LINE))
    parts.append(_text(picture.legend, width / 2, bottom + 2 * LINE))
    return _root(width, bottom + 2 * LINE + 6, parts)


def _root(width: float, height: float, parts: list[str]) -> str:
    size = f'width="{width:g}" height="{height:g}" viewBox="0 0 {width:g} {height:g}"'
    style = f'font-family="sans-serif" font-size="11" text-anchor="middle" fill="{TEXT}"'
    inside = "\n".join(part for part in parts if part)
    return f'<svg xmlns="http://www.w3.org/2000/svg" {size} {style}>\n{inside}\n</svg>\n'


def _text(words: str, x: float, y: float) -> str:
    shown = escape(words.replace(" x ", " \N{MULTIPLICATION SIGN} "))
    return shown and f'<text x="{x:g}" y="{y:g}">{shown}</text>'


def _cells(values: Tensor, left: float, top: float) -> str:
    """Draw each shade as one path of horizontal bars."""
    rows, columns = values.shape
    shades = (values.float().clamp(0, 1) * SHADES).round().int().tolist()
    bars: dict[int, str] = {0: f"M0 0h{columns}v{rows}H0z"}
    for y, line in enumerate(shades):
        for x, length, shade in _runs(line):
            if shade:
                bars[shade] = bars.get(shade, "") + f"M{x} {y}h{length}v1h-{length}z"
    paths = "".join(f'<path fill="{_color(shade)}" d="{bars[shade]}"/>' for shade in sorted(bars))
    place = f'transform="translate({left:g} {top:g}) scale({CELL})"'
    return f'<g {place} shape-rendering="crispEdges">{paths}</g>'


def _runs(line: list[int]) -> list[tuple[int, int, int]]:
    """Give the place, length and value of each run of equal values."""
    starts = [x for x, shade in enumerate(line) if x == 0 or line[x - 1] != shade]
    ends = [*starts[1:], len(line)]
    return [(start, end - start, line[start]) for start, end in zip(starts, ends, strict=True)]


def _color(shade: int) -> str:
    mixed = (
        light + (dark - light) * shade / SHADES for light, dark in zip(LIGHT, DARK, strict=True)
    )
    return "#" + "".join(f"{round(part):02x}" for part in mixed)


if __name__ == "__main__":
    FOLDER.mkdir(parents=True, exist_ok=True)
    for name, picture in PICTURES.items():
        (FOLDER / f"{name}.svg").write_text(svg(picture), encoding="utf-8")
