"""One small readable training loop, the same for a stack of networks, and the record they leave."""

from ._co_adaptation import HiddenStatistics as HiddenStatistics
from ._co_adaptation import LayerStatistics as LayerStatistics
from ._co_adaptation import hidden_statistics as hidden_statistics
from ._fit_stack import Track as Track
from ._fit_stack import fit_stack as fit_stack
from ._history import Epoch as Epoch
from ._history import History as History
from ._loop import constrain_norm_ as constrain_norm_
from ._loop import fit as fit
from ._objective import Objective as Objective
from ._objective import Score as Score
from ._settings import OPTIMIZERS as OPTIMIZERS
from ._settings import TrainingSettings as TrainingSettings
from ._snapshot import Offer as Offer
from ._snapshot import Snapshot as Snapshot
from ._stack import Stack as Stack
from ._stack import why_not_stacked as why_not_stacked
