"""Training and evaluation mode: the only place that writes `.training`."""

from ._disable import disable_ as disable_
from ._disabled import disabled as disabled
from ._eagerly import eagerly as eagerly
from ._frozen import frozen as frozen
from ._frozen import is_frozen as is_frozen
from ._frozen import release as release
from ._generators import generators as generators
from ._generators import generators_kept as generators_kept
from ._generators import load_rng_state as load_rng_state
from ._generators import rng_state as rng_state
from ._guard import Guard as Guard
from ._guard import ModeWarning as ModeWarning
from ._guard_finding import ModeFinding as ModeFinding
from ._ranks import manual_seed_per_rank as manual_seed_per_rank
from ._ranks import seed_per_rank as seed_per_rank
from ._record import Disabled as Disabled
from ._record import TurnedOff as TurnedOff
from ._same_masks import same_masks as same_masks
from ._sampling import sampling as sampling
from ._switch import evaluating as evaluating
from ._switch import training as training
