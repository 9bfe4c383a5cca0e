"""One small readable training loop, and the record it leaves."""

from ._history import Epoch as Epoch
from ._history import History as History
from ._loop import constrain_norm_ as constrain_norm_
from ._loop import fit as fit
from ._objective import Objective as Objective
from ._objective import Score as Score
from ._settings import OPTIMIZERS as OPTIMIZERS
from ._settings import TrainingSettings as TrainingSettings
