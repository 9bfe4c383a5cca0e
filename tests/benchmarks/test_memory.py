import subprocess
import sys
from pathlib import Path

import pytest
import torch
from torch import nn

from torchdrop.benchmarks import benchmark_predict
from torchdrop.benchmarks._memory import peak_bytes
from torchdrop.benchmarks._timing import Budget
from torchdrop.montecarlo import predict

MIB = 1 << 20

BOTH = """
import re
from pathlib import Path

import torch
from torchdrop.benchmarks._memory import peak_bytes
from torchdrop.benchmarks._predict import _contestants, build_network

def size(which):
    lines = Path("/proc/self/status").read_text()
    return 1024 * int(re.search(which + r":\\s*(\\d+) kB", lines)[1])

with torch.no_grad():
    model = build_network("mlp", "first").eval()
    x = torch.randn(256, 784)
    _contestants(model, x[:8], 2)["vmap"]()
    before = size("VmSize")
    _contestants(model, x, 100)["vmap"]()
    print(size("VmPeak") - before, peak_bytes(_contestants(model, x, 100)["vmap"]))
"""


def _model() -> nn.Module:
    return nn.Sequential(nn.Linear(20, 50), nn.Dropout(0.5), nn.Linear(50, 3)).eval()


def test_a_tensor_that_is_held_counts_in_full() -> None:
    assert peak_bytes(lambda: torch.zeros(MIB)) == 4 * MIB


def test_tensors_count_together_only_while_they_live_together() -> None:
    def one_after_another() -> None:
        for _ in range(3):
            torch.zeros(MIB)

    assert peak_bytes(lambda: [torch.zeros(MIB) for _ in range(3)]) == 12 * MIB
    assert peak_bytes(one_after_another) == 4 * MIB


def test_what_was_there_before_does_not_count() -> None:
    x = torch.zeros(MIB)

    assert peak_bytes(lambda: x.view(1024, 1024)) == 0
    assert peak_bytes(x.clone) == 4 * MIB


def test_scratch_space_inside_an_operation_counts() -> None:
    x = torch.rand(1 << 18)

    assert peak_bytes(lambda: x.double().sum()) >= 8 << 18


def test_nothing_is_written_to_standard_error(capfd: pytest.CaptureFixture[str]) -> None:
    peak_bytes(lambda: torch.zeros(1))

    assert capfd.readouterr() == ("", "")


def test_ours_does_not_grow_with_samples_unless_they_are_kept() -> None:
    model, x = _model(), torch.randn(64, 20)

    def peak(samples: int, keep: bool) -> int:
        return peak_bytes(
            lambda: predict(model, x, samples, task="classification", keep_samples=keep)
        )

    one_sample = 64 * 3 * 4

    assert peak(100, keep=False) == peak(10, keep=False)
    assert peak(100, keep=True) >= peak(10, keep=True) + 90 * one_sample


def test_the_way_by_vmap_is_reported_with_its_masks_and_activations() -> None:
    budget = Budget(total_seconds=0.0, rounds=2)
    (case,) = benchmark_predict(("mlp",), ("first",), rows=4, samples=20, budget=budget).cases

    assert case.peaks["vmap"] >= 20 * 4 * (784 + 1024) * 4
    assert case.peaks["vmap"] > 5 * case.peaks["loop"]
    assert case.to_dict()["peak_bytes"] == case.peaks


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="the system does not tell")
def test_the_system_sees_a_large_peak_alike() -> None:
    """By how far the address space of a process grows, which has all that it asks for."""
    grown, counted = subprocess.run(
        [sys.executable, "-c", BOTH], capture_output=True, text=True, check=True
    ).stdout.split()

    assert int(counted) > 256 * MIB
    assert int(grown) == pytest.approx(int(counted), rel=0.05)
