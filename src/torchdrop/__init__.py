"""torchdrop: the dropout toolkit for PyTorch.

The main call is `tune`; `convert` gives a model that exists torchdrop's layers. The sub-packages
hold the rest, one public path per name: `functional` and `nn` (masks as functions and layers),
`networks`, `modes`, `surgery`, `data`, `training`, `tuning` and `report`.
"""

from .surgery import convert as convert
from .surgery import convert_ as convert_
from .tuning import TuningResult as TuningResult
from .tuning import tune as tune

__version__ = "0.1.0"
