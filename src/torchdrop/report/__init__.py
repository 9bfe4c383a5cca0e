"""Records become text for the terminal and one self-contained HTML page; nothing else draws."""

from typing import TYPE_CHECKING

from .._lazy import lazy

if TYPE_CHECKING:
    from ._beyond import Beyond as Beyond
    from ._beyond import beyond as beyond
    from ._beyond import beyond_of as beyond_of
    from ._beyond import render_beyond as render_beyond
    from ._loss import loss_figure_svg as loss_figure_svg
    from ._page import render_html as render_html
    from ._page import write_html as write_html
    from ._prediction import prediction_page as prediction_page
    from ._prediction import render_prediction as render_prediction
    from ._terminal import render_table as render_table
    from ._terminal import render_verdict as render_verdict
else:  # findings are drawn without torch and matplotlib: `report.audit`
    __getattr__, __dir__, __all__ = lazy(
        __name__,
        {
            "_beyond": ("Beyond", "beyond", "beyond_of", "render_beyond"),
            "_loss": ("loss_figure_svg",),
            "_page": ("render_html", "write_html"),
            "_prediction": ("prediction_page", "render_prediction"),
            "_terminal": ("render_table", "render_verdict"),
            "audit": (),
        },
    )
