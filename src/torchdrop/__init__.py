"""torchdrop: the dropout toolkit for PyTorch.

The main call is `tune`. `find_sites` says where a model drops; `evaluating`, `sampling`, `disabled`
and `Guard` see to its mode; `watch` finds mistakes in a running program; `convert`, `insert` and
`thin` change it. The sub-packages hold the rest, one public path per name: `functional` and `nn`
(masks as functions and layers), `optim` (optimizers for thinned networks), `networks`, `sites`,
`modes`, `surgery`, `data`, `training`, `tuning`, `montecarlo`, `audit`, `testing` and `report`.
"""

from typing import TYPE_CHECKING

from ._lazy import lazy

if TYPE_CHECKING:
    from .audit import watch as watch
    from .modes import Guard as Guard
    from .modes import disabled as disabled
    from .modes import evaluating as evaluating
    from .modes import sampling as sampling
    from .sites import find_sites as find_sites
    from .surgery import convert as convert
    from .surgery import convert_ as convert_
    from .surgery import insert as insert
    from .surgery import insert_ as insert_
    from .surgery import thin as thin
    from .surgery import thin_ as thin_
    from .tuning import TuningResult as TuningResult
    from .tuning import tune as tune
else:
    __getattr__, __dir__, __all__ = lazy(
        __name__,
        {
            "audit": ("watch",),
            "modes": ("Guard", "disabled", "evaluating", "sampling"),
            "sites": ("find_sites",),
            "surgery": ("convert", "convert_", "insert", "insert_", "thin", "thin_"),
            "tuning": ("TuningResult", "tune"),
            **dict.fromkeys(("data", "errors", "functional", "kernels", "networks", "nn"), ()),
            **dict.fromkeys(("montecarlo", "optim", "report", "testing", "training"), ()),
        },
    )

__version__ = "0.1.0"
