"""What dropout costs on this machine: the operation, a training step, and a whole sweep."""

from ._kernel import CONTESTANTS as CONTESTANTS
from ._kernel import DTYPES as DTYPES
from ._kernel import SIZES as SIZES
from ._kernel import KernelBenchmark as KernelBenchmark
from ._kernel import KernelCase as KernelCase
from ._kernel import benchmark_kernel as benchmark_kernel
from ._machine import Machine as Machine
from ._machine import describe_machine as describe_machine
from ._progress import Observer as Observer
from ._progress import Progress as Progress
from ._step import BATCHES as BATCHES
from ._step import NETWORKS as NETWORKS
from ._step import StepBenchmark as StepBenchmark
from ._step import StepCase as StepCase
from ._step import benchmark_step as benchmark_step
from ._sweep import SWEEP_NETWORKS as SWEEP_NETWORKS
from ._sweep import SweepBenchmark as SweepBenchmark
from ._sweep import SweepCase as SweepCase
from ._sweep import benchmark_sweep as benchmark_sweep
from ._sweep_contestants import SWEEP_CONTESTANTS as SWEEP_CONTESTANTS
from ._sweep_contestants import SweepRun as SweepRun
from ._timing import Budget as Budget
from ._timing import Timing as Timing
from ._timing import measure as measure
