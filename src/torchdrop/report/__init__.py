"""Records become text for the terminal and one self-contained HTML page; nothing else draws."""

from ._beyond import Beyond as Beyond
from ._beyond import beyond as beyond
from ._beyond import beyond_of as beyond_of
from ._beyond import render_beyond as render_beyond
from ._loss import loss_figure_svg as loss_figure_svg
from ._page import render_html as render_html
from ._page import write_html as write_html
from ._terminal import render_table as render_table
from ._terminal import render_verdict as render_verdict
