"""Change the layers of a model, and say what was changed: the only place that does."""

from ._changes import Change as Change
from ._changes import Changes as Changes
from ._convert import convert as convert
from ._convert import convert_ as convert_
from ._fold import fold as fold
from ._fold import fold_ as fold_
from ._schedule import Scheduler as Scheduler
from ._schedule import schedule as schedule
from ._schedule_rates import ConstantRate as ConstantRate
from ._schedule_rates import CosineRate as CosineRate
from ._schedule_rates import CurriculumRate as CurriculumRate
from ._schedule_rates import EarlyRate as EarlyRate
from ._schedule_rates import LateRate as LateRate
from ._schedule_rates import LinearRate as LinearRate
from ._schedule_rates import Rate as Rate
