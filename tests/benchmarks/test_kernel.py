import json
from typing import Any

import pytest
import torch

from torchdrop import kernels
from torchdrop.benchmarks import CONTESTANTS, Budget, Progress, benchmark_kernel
from torchdrop.benchmarks._contestants import REFERENCE_LIMIT, bytes_kept, contestants
from torchdrop.errors import SettingError

TINY = Budget(sample_seconds=1e-5, total_seconds=0.0, rounds=3)


def test_a_case_per_size_dtype_and_number_of_threads() -> None:
    result = benchmark_kernel((64, 128), ("float32", "float16"), (1, 2), budget=TINY)
    cases = [(case.elements, case.dtype, case.threads) for case in result.cases]

    assert cases[:5] == [
        (64, "float32", 1),
        (64, "float32", 2),
        (64, "float16", 1),
        (64, "float16", 2),
        (128, "float32", 1),
    ]
    assert len(cases) == 8


def test_ratios_are_quotients_of_medians() -> None:
    (case,) = benchmark_kernel((64,), ("float32",), (1,), budget=TINY).cases
    content = case.to_dict()
    for key, ratio in content["ratios"].items():
        name, other = key.split(" / ")
        medians = [content["timings"][who]["median"] for who in (name, other)]

        assert ratio == medians[0] / medians[1]
    assert case.nanoseconds("copy") == pytest.approx(1e9 * case.timings["copy"].median / 64)


def test_speedup_compares_with_one_thread() -> None:
    result = benchmark_kernel((64,), ("float32",), (1, 2), budget=TINY)
    one, two = result.cases
    expected = one.timings["copy"].median / two.timings["copy"].median

    assert result.speedup(two, "copy") == expected
    assert result.speedup(one, "copy") == 1.0


def test_who_takes_no_part_has_no_figure() -> None:
    (case,) = benchmark_kernel((64,), ("float32",), (2,), budget=TINY).cases

    assert case.nanoseconds("compiled forward+backward") is None
    assert case.ratio("copy", "compiled forward+backward") is None


def test_threads_and_the_random_state_are_restored() -> None:
    threads, state = torch.get_num_threads(), torch.get_rng_state()
    benchmark_kernel((64,), ("float32",), (threads + 1,), budget=TINY)

    assert torch.get_num_threads() == threads
    assert torch.equal(torch.get_rng_state(), state)


def test_on_the_torch_path_the_reference_is_not_run_twice() -> None:
    with kernels.using("torch"):
        names = set(contestants(64, torch.float32, 0.5, compiled=False))

    assert names == {name for name in CONTESTANTS if not name.startswith(("reference", "compiled"))}


def test_large_inputs_are_not_run_on_the_torch_path() -> None:
    with kernels.using("torch"):
        names = contestants(REFERENCE_LIMIT + 1, torch.float16, 0.5, compiled=False)

    assert not any(name.startswith(("kernel", "ours", "reference")) for name in names)


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
def test_no_tensor_is_kept_for_backward(dtype: torch.dtype) -> None:
    kept = bytes_kept(dtype, 1000, 0.5)

    assert kept == {"ours": 0, "nn.Dropout": 1000 * dtype.itemsize, "ReLU": 1000 * dtype.itemsize}


def test_progress_names_each_case_before_it_starts() -> None:
    seen: list[Progress] = []
    benchmark_kernel((64,), ("float32",), (1, 2), budget=TINY, on_progress=seen.append)

    assert seen == [
        Progress(0, 2, "64 elements, float32, 1 thread"),
        Progress(1, 2, "64 elements, float32, 2 threads"),
    ]


def test_the_record_is_json() -> None:
    result = benchmark_kernel((64,), ("float64",), (1,), budget=TINY)
    content = json.loads(json.dumps(result.to_dict()))

    assert content["cases"][0]["elements"] == 64


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"sizes": (0,)}, "sizes are numbers of elements"),
        ({"dtypes": ("int8",)}, "dtypes are among float32"),
        ({"threads": (0,)}, "threads are numbers"),
        ({"p": 1.0}, "inside"),
    ],
)
def test_bad_settings_are_refused(settings: dict[str, Any], message: str) -> None:
    with pytest.raises(SettingError, match=message):
        benchmark_kernel(**settings)


def test_without_a_compiler_compiled_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "")
    monkeypatch.delenv("CXX", raising=False)
    with pytest.raises(SettingError, match=r"needs a C\+\+ compiler"):
        benchmark_kernel((64,), ("float32",), (1,), compiled=True)
