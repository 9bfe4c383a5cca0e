import json

import pytest

from torchdrop.cli._bench_options import numbers
from torchdrop.cli._bench_tables import _bytes, _elements
from torchdrop.cli._figures import Figures, render, to_markdown

from .conftest import Run

KERNEL = ("bench", "kernel", "--sizes", "64", "--dtypes", "float32", "--seconds", "0.001")
STEP = ("bench", "step", "--networks", "chapter", "--batches", "2", "--seconds", "0.001")


def test_kernel_prints_a_table_and_progress_to_standard_error(run: Run) -> None:
    outcome = run(*KERNEL)

    assert outcome.code == 0
    assert "Nanoseconds per element" in outcome.out
    assert outcome.err.splitlines() == [
        "[1/2] 64 elements, float32, 1 thread",
        "[2/2] 64 elements, float32, 2 threads",
    ]


def test_json_alone_is_on_standard_output(run: Run) -> None:
    content = json.loads(run(*KERNEL, "--threads", "1", "--json").out)

    assert content["machine"]["kernel"] in {"native", "torch"}
    assert [case["elements"] for case in content["cases"]] == [64]
    assert "kernel / copy" in content["cases"][0]["ratios"]


def test_step_prints_markdown(run: Run) -> None:
    lines = run(*STEP, "--threads", "1", "--markdown").out.splitlines()

    assert lines[0].startswith("| network | batch | threads | none |")
    assert lines[1].startswith("| --- | --- | --- | ---: |")
    assert lines[2].startswith("| chapter | 2 | 1 | ")


def test_step_gives_its_figures_as_json(run: Run) -> None:
    content = json.loads(run(*STEP, "--threads", "1", "--json").out)

    assert set(content["cases"][0]["timings"]) == {"none", "nn.Dropout", "ours", "fused"}


def test_a_kernel_can_be_forced(run: Run) -> None:
    outcome = run(*KERNEL, "--threads", "1", "--kernel", "torch", "--json")

    assert json.loads(outcome.out)["machine"]["kernel"] == "torch"


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("--sizes", "many"), "--sizes takes whole numbers"),
        (("--sizes", ""), "--sizes takes whole numbers"),
        (("--json", "--markdown"), "choose one"),
        (("--dtypes", "int8"), "dtypes are among"),
        (("--seconds", "0"), "--seconds is a time above 0"),
    ],
)
def test_bad_options_are_one_sentence(run: Run, words: tuple[str, ...], message: str) -> None:
    outcome = run("bench", "kernel", *words)

    assert outcome.code == 2
    assert message in outcome.err


def test_sizes_are_read_with_units() -> None:
    assert numbers("4k,25600,1M", "--sizes") == [4096, 25_600, 1 << 20]


def test_sizes_are_written_with_units() -> None:
    counts = (100, 4096, 25_600, 1 << 20, 1 << 26)

    assert [_elements(count) for count in counts] == ["100", "4k", "25,600", "1M", "64M"]
    assert [_bytes(count) for count in (8, 100 * 1024, 1 << 28)] == ["8", "100K", "256M"]


def test_a_wide_table_is_split_and_keeps_its_first_columns() -> None:
    figures = Figures(("key", "one", "two"), (("row", "1.25", "2.5"),), 1, "All.")
    parts = render(figures, 9)

    assert [[column.header for column in part.columns] for part in parts] == [
        ["key", "one"],
        ["key", "two"],
    ]
    assert len(render(figures, 80)) == 1


def test_markdown_joins_broken_headings() -> None:
    figures = Figures(("thr-\neads", "ours\n/ ReLU"), (("1", "2"),), 1, "All.")

    assert to_markdown(figures).splitlines()[0] == "| threads | ours / ReLU |"


SWEEP = ("bench", "sweep", "--widths", "8", "--members", "2", "--rows", "64", "--threads", "1")


def test_sweep_gives_its_figures_as_json_and_progress_to_standard_error(run: Run) -> None:
    outcome = run(*SWEEP, "--quick", "--contestants", "b,d", "--json")
    (case,) = json.loads(outcome.out)["cases"]

    assert outcome.err.splitlines() == [
        "[1/1] 3x8, 2 networks, 64 rows: b, 1 of 1",
        "[1/1] 3x8, 2 networks, 64 rows: d, 1 of 1",
    ]
    assert (case["hidden"], case["epochs"]) == ([8, 8, 8], 1)
    assert case["ratios"]["b / d"] == case["seconds"]["b"] / case["seconds"]["d"]


def test_sweep_prints_a_row_per_contestant_as_markdown(run: Run) -> None:
    words = ("--contestants", "b", "--epochs", "1", "--repeats", "1", "--markdown")
    lines = run(*SWEEP, *words).out.splitlines()

    assert lines[0].startswith("| network | networks | rows | who | s | s / epoch |")
    assert lines[2].startswith("| 3x8 | 2 | 64 | b | ")
    assert "1 epoch, medians of 1" in lines[-1]


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("--networks", "chapter", "--widths", "8"), "choose one"),
        (("--json", "--markdown"), "choose one"),
        (("--members", "7"), "members are 1 to 6"),
        (("--rows", "few"), "--rows takes whole numbers"),
        (("--contestants", "a,x"), "contestants are among"),
        (("--epochs", "0"), "epochs is at least 1"),
    ],
)
def test_bad_options_of_sweep_are_one_sentence(
    run: Run, words: tuple[str, ...], message: str
) -> None:
    outcome = run("bench", "sweep", *words)

    assert outcome.code == 2
    assert message in outcome.err
