"""Change the layers of a model, and say what was changed: the only place that does."""

from ._changes import Change as Change
from ._changes import Changes as Changes
from ._convert import convert as convert
from ._convert import convert_ as convert_
from ._fold import fold as fold
from ._fold import fold_ as fold_
from ._insert import insert as insert
from ._insert import insert_ as insert_
from ._layer_rates import dropout_rates as dropout_rates
from ._layer_rates import set_rates_ as set_rates_
from ._learn_rates import learn_rates_ as learn_rates_
from ._remove import remove as remove
from ._remove import remove_ as remove_
from ._replace import replace as replace
from ._replace import replace_ as replace_
from ._schedule import Scheduler as Scheduler
from ._schedule import schedule as schedule
from ._schedule_rates import ConstantRate as ConstantRate
from ._schedule_rates import CosineRate as CosineRate
from ._schedule_rates import CurriculumRate as CurriculumRate
from ._schedule_rates import EarlyRate as EarlyRate
from ._schedule_rates import LateRate as LateRate
from ._schedule_rates import LinearRate as LinearRate
from ._schedule_rates import Rate as Rate
from ._set_p import set_p as set_p
from ._set_p import set_p_ as set_p_
