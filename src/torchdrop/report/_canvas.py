"""A matplotlib figure without global state, as an SVG that follows the page's theme.

Figures are drawn in stand-in colors that no series has; they become `currentColor` and CSS
variables for the page, or fixed colors for an SVG that stands alone.
"""

from __future__ import annotations

import io
import re
from collections.abc import Callable, Mapping
from html import escape
from typing import Any

import matplotlib
from markupsafe import Markup
from matplotlib.axes import Axes
from matplotlib.figure import Figure

INK, MUTED, GRID, PAPER, BAND = "#010203", "#010204", "#010205", "#010206", "#010207"

Theme = Mapping[str, str]

PAGE: Theme = {
    INK: "currentColor",
    MUTED: "var(--muted)",
    GRID: "var(--grid)",
    PAPER: "var(--paper)",
    BAND: "var(--band)",
}
# Gray of equal contrast, above 4 to 1, on white and on GitHub's dark page.
ALONE: Theme = {
    INK: "#767b82",
    MUTED: "#767b82",
    GRID: "#9aa0a840",
    PAPER: "none",
    BAND: "#9aa0a82e",
}

_POINTS = 72
# Any: the type of its names changes with matplotlib's version.
_STYLE: Any = {
    "svg.fonttype": "none",
    "text.parse_math": False,
    "font.family": "sans-serif",
    "font.size": 9,
    "text.color": INK,
    "axes.labelcolor": MUTED,
    "axes.edgecolor": GRID,
    "axes.facecolor": "none",
    "axes.grid": True,
    "axes.grid.axis": "y",
    "axes.axisbelow": True,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.spines.left": False,
    "axes.labelpad": 7,
    "axes.unicode_minus": True,
    "grid.color": GRID,
    "grid.linewidth": 0.8,
    "xtick.color": GRID,
    "ytick.color": GRID,
    "xtick.labelcolor": MUTED,
    "ytick.labelcolor": MUTED,
    "xtick.major.size": 0,
    "ytick.major.size": 0,
    "xtick.minor.size": 0,
    "ytick.minor.size": 0,
    "xtick.major.pad": 6,
    "lines.solid_capstyle": "round",
    "figure.facecolor": "none",
}


def draw(
    name: str,
    alt: str,
    paint: Callable[[Axes], None],
    *,
    size: tuple[float, float],
    margins: tuple[float, float, float, float],
    theme: Theme = PAGE,
) -> Markup:
    """Paint one figure and return it as SVG.

    The reader's matplotlib settings play no part, and none are changed.

    Args:
        name: Unique on the page; ids in the SVG begin with it.
        alt: What the figure shows, for those who do not see it.
        paint: Draws on the axes it is given.
        size: Width and height in inches.
        margins: Space left, below, right and above the axes, in inches.
        theme: What becomes of the stand-in colors.

    Returns:
        The SVG element, safe to put into HTML; the same bytes for the same figure.
    """
    with matplotlib.rc_context():
        matplotlib.rcdefaults()
        matplotlib.rcParams.update(_STYLE | {"svg.hashsalt": name})
        figure = Figure(figsize=size)
        axes = figure.add_axes(_place(size, margins))
        paint(axes)
        raw = _save(figure)
    return Markup(_root(size, alt, alone=theme is ALONE) + _recolor(_body(raw, name), theme))


def _place(
    size: tuple[float, float], margins: tuple[float, float, float, float]
) -> tuple[float, float, float, float]:
    (width, height), (left, below, right, above) = size, margins
    return (
        left / width,
        below / height,
        (width - left - right) / width,
        (height - below - above) / height,
    )


def _save(figure: Figure) -> str:
    figure.patch.set_visible(False)
    target = io.StringIO()
    nothing = dict.fromkeys(("Date", "Creator", "Format", "Type"))
    figure.savefig(target, format="svg", metadata=nothing)
    return target.getvalue()


def _root(size: tuple[float, float], alt: str, *, alone: bool) -> str:
    width, height = (f"{inches * _POINTS:g}" for inches in size)
    space = (
        f'xmlns="http://www.w3.org/2000/svg" width="{width}" height="{height}" ' if alone else ""
    )
    return (
        f'<svg {space}class="plot" role="img" aria-label="{escape(alt)}" '
        f'viewBox="0 0 {width} {height}" stroke-linejoin="round" font-family="sans-serif">'
    )


def _body(raw: str, name: str) -> str:
    """Everything inside the SVG element, without metadata, fonts and ids that nothing uses."""
    inside = raw.partition("<svg")[2].partition(">")[2]
    inside = re.sub(
        r"<metadata>.*?</metadata>|<style.*?</style>|<!--.*?-->", "", inside, flags=re.S
    )
    inside = re.sub(r"\s*font-family: [^;\"]*;?|xlink:(?=href)", "", inside)
    used = set(re.findall(r'(?:url\(#|href="#)([^)"]+)', inside))
    inside = re.sub(
        r' id="([^"]+)"', lambda m: f' id="{name}-{m[1]}"' if m[1] in used else "", inside
    )
    inside = re.sub(r'(url\(#|href="#)', rf"\g<1>{name}-", inside)
    return re.sub(r"<defs>\s*</defs>", "", inside).strip()


def _recolor(svg: str, theme: Theme) -> str:
    for stand_in, color in theme.items():
        svg = svg.replace(stand_in, color)
    return svg
