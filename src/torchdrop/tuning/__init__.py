"""The grid of dropout rates and seeds: train it, judge it, keep it on disk."""

from ._layout import Layout as Layout
from ._member import Member as Member
from ._network import NetworkFactory as NetworkFactory
from ._network import import_factory as import_factory
from ._result import DataSummary as DataSummary
from ._result import TuningResult as TuningResult
from ._run_directory import REPORT as REPORT
from ._run_directory import load_result as load_result
from ._saved import SavedModel as SavedModel
from ._saved import load_model as load_model
from ._statistics import Interval as Interval
from ._summary import REACH as REACH
from ._summary import RateSummary as RateSummary
from ._sweep import Progress as Progress
from ._tune import tune as tune
from ._unit import Engine as Engine
from ._verdict import Verdict as Verdict
