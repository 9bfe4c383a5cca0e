"""torchdrop: the dropout toolkit for PyTorch.

The main call is `tune`; the sub-packages hold the rest, one public path per name: `functional`
and `nn` (masks as functions and layers), `networks`, `modes`, `data`, `training`, `tuning` and
`report`.
"""

from .tuning import TuningResult as TuningResult
from .tuning import tune as tune

__version__ = "0.1.0"
