import json

from .conftest import Run

PREDICT = ("bench", "predict", "--networks", "mlp", "--places", "late", "--samples", "2", "--quick")


def test_time_and_memory_of_every_way_are_in_the_json(run: Run) -> None:
    (case,) = json.loads(run(*PREDICT, "--rows", "2", "--json").out)["cases"]

    assert case["rows"] == 2
    assert set(case["peak_bytes"]) == set(case["timings"]) >= {"loop", "repeated", "vmap", "ours"}
    assert min(case["peak_bytes"].values()) > 0


def test_the_table_has_a_column_of_memory_for_each_way(run: Run) -> None:
    headings, _, row, *_, caption = run(*PREDICT, "--rows", "3", "--markdown").out.splitlines()

    for name in ("loop", "repeated", "vmap", "ours, loop", "ours"):
        assert f"| MiB {name} |" in headings
    assert row.count("|") == headings.count("|")
    assert "2 samples of 3 rows" in caption
