"""The choice of a library follows the clock, and is kept; the clock here is ours."""

import json
import os
from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from torch import Tensor
from torch._subclasses import FakeTensorMode

from torchdrop.kernels import TORCH, Routes, _products, choose_routes, onednn_obstacle
from torchdrop.kernels import _product_cache as kept
from torchdrop.kernels import _product_choice as choice
from torchdrop.kernels._products import Library

ONEDNN = Routes("onednn", "onednn", "onednn")
MIXED = Routes("onednn", "torch", "onednn")

needs_onednn = pytest.mark.skipif(bool(onednn_obstacle()), reason=onednn_obstacle() or "it is here")


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A cache of our own, and a process that has measured nothing yet."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    monkeypatch.setattr(choice, "_known", {})
    return tmp_path / "torchdrop" / "products.json"


@pytest.fixture
def measured(monkeypatch: pytest.MonkeyPatch) -> list[tuple[int, int, int]]:
    """Let every measurement come out mixed, and list what was measured."""
    shapes: list[tuple[int, int, int]] = []

    def measure(*shape: int) -> Routes:
        shapes.append((shape[0], shape[1], shape[2]))
        return MIXED

    monkeypatch.setattr(choice, "_measure", measure)
    return shapes


def _clock(*seconds: tuple[float, float]) -> Callable[..., tuple[float, float]]:
    """A race that takes these times, torch's first: of the three products, then of the layer."""
    times = iter(seconds)
    return lambda *_: next(times)


@needs_onednn
def test_a_product_goes_to_onednn_only_by_a_clear_margin(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(choice, "_race", _clock((1, 0.8), (1, 0.95), (1, 0.89), (3, 2.7)))

    assert choose_routes(4, 3, 2) == MIXED


@needs_onednn
def test_what_the_products_gain_must_survive_the_whole_layer(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(choice, "_race", _clock((1, 0.8), (1, 0.8), (1, 0.8), (3, 3.1)))

    assert choose_routes(4, 3, 2) == TORCH


@needs_onednn
def test_the_race_times_what_then_runs(monkeypatch: pytest.MonkeyPatch) -> None:
    routes: list[str] = []

    def race(one: Callable[[], object], other: Callable[[], object]) -> tuple[float, float]:
        one()
        other()
        return 1, 0.5

    def product(library: Library, *rest: Tensor) -> Tensor:
        routes.append(library)
        return _products._product(library, *rest)

    monkeypatch.setattr(choice, "_race", race)
    monkeypatch.setattr(choice, "_product", product)

    assert choose_routes(4, 3, 2) == ONEDNN
    assert routes == ["torch", "onednn"] * 3


def test_a_race_is_won_by_the_faster_call() -> None:
    small, large = torch.ones(8, 8), torch.ones(1024, 1024)

    fast, slow = choice._race(small.sum, lambda: large @ large)

    assert 0 < fast < slow


@needs_onednn
def test_measuring_works_in_any_mode_and_draws_no_random_number() -> None:
    state = torch.get_rng_state()

    with torch.no_grad(), torch.autocast("cpu"):
        assert isinstance(choose_routes(4, 3, 2), Routes)
    with torch.inference_mode():
        assert isinstance(choose_routes(4, 3, 5), Routes)

    assert torch.equal(torch.get_rng_state(), state)


@needs_onednn
def test_a_shape_is_measured_once(measured: list[tuple[int, int, int]]) -> None:
    assert choose_routes(4, 3, 2) is choose_routes(4, 3, 2)
    choose_routes(5, 3, 2)

    assert measured == [(4, 3, 2), (5, 3, 2)]


@needs_onednn
def test_the_next_process_reads_what_this_one_measured(
    measured: list[tuple[int, int, int]], monkeypatch: pytest.MonkeyPatch
) -> None:
    choose_routes(4, 3, 2)
    monkeypatch.setattr(choice, "_known", {})

    assert choose_routes(4, 3, 2) == MIXED
    assert measured == [(4, 3, 2)]


@needs_onednn
def test_another_number_of_threads_is_measured_anew(
    measured: list[tuple[int, int, int]], monkeypatch: pytest.MonkeyPatch
) -> None:
    for threads in (1, 2):
        monkeypatch.setattr(torch, "get_num_threads", lambda threads=threads: threads)
        choose_routes(4, 3, 2)

    assert len(measured) == 2


@needs_onednn
@pytest.mark.parametrize(
    "content", [b"", b"{torn", b"[]", b"\xff\xfe", b'{"KEY": 3}', b'{"KEY": {"forward": "gpu"}}']
)
def test_a_broken_cache_is_measured_again(
    content: bytes, cache: Path, measured: list[tuple[int, int, int]]
) -> None:
    cache.parent.mkdir()
    cache.write_bytes(content.replace(b"KEY", choice._key(4, 3, 2).encode()))

    assert choose_routes(4, 3, 2) == MIXED
    assert measured == [(4, 3, 2)]
    assert json.loads(cache.read_text())[choice._key(4, 3, 2)] == MIXED.to_dict()


@needs_onednn
@pytest.mark.usefixtures("measured")
def test_a_cache_that_cannot_be_written_is_no_error(cache: Path) -> None:
    cache.parent.write_text("a file where the folder should be")

    assert choose_routes(4, 3, 2) == MIXED


def test_a_failed_write_leaves_the_cache_and_no_draft(
    cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object) -> None:
        raise OSError("no space left on device")

    kept.remember("first", MIXED)
    with monkeypatch.context() as patch:
        patch.setattr(os, "replace", refuse)
        assert kept.remember("second", ONEDNN) == ONEDNN

    assert [path.name for path in cache.parent.iterdir()] == [cache.name]
    assert (kept.recall("first"), kept.recall("second")) == (MIXED, None)


def test_of_two_processes_the_first_to_write_is_right() -> None:
    assert kept.remember("key", MIXED) == MIXED
    assert kept.remember("key", ONEDNN) == MIXED


def test_a_relative_cache_directory_is_ignored(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", "here")
    monkeypatch.setenv("HOME", "/home/somebody")

    assert kept.cache_file() == Path("/home/somebody/.cache/torchdrop/products.json")


def test_without_a_home_nothing_is_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse() -> Path:
        raise RuntimeError("Could not determine home directory.")

    monkeypatch.delenv("XDG_CACHE_HOME")
    monkeypatch.setattr(Path, "home", refuse)

    assert kept.remember("key", MIXED) == MIXED
    assert kept.recall("key") is None


def test_the_processor_is_told_by_name_and_number(tmp_path: Path) -> None:
    facts = "cpu family\t: 25\nmodel\t\t: 17\nmodel name\t: AMD EPYC\n"
    (tmp_path / "cpuinfo").write_text(facts * 2)

    assert choice._processor(tmp_path / "cpuinfo") == "AMD EPYC 25 17"
    assert choice._processor(tmp_path / "missing")


@pytest.mark.parametrize("shape", [(0, 3, 2), (4, 0, 2), (4, 3, 0)])
def test_empty_matrices_are_not_measured(
    shape: tuple[int, int, int], measured: list[tuple[int, int, int]]
) -> None:
    assert choose_routes(*shape) == TORCH
    assert not measured


def test_other_dtypes_and_devices_are_torchs(measured: list[tuple[int, int, int]]) -> None:
    assert choose_routes(4, 3, 2, dtype=torch.float64) == TORCH
    assert choose_routes(4, 3, 2, device="meta") == TORCH
    assert not measured


@needs_onednn
def test_every_obstacle_is_named_and_sends_products_to_torch(
    monkeypatch: pytest.MonkeyPatch, measured: list[tuple[int, int, int]]
) -> None:
    def obstacle() -> str:
        assert choose_routes(4, 3, 2) == TORCH
        return onednn_obstacle()

    with monkeypatch.context() as patch:
        patch.setattr(_products, "_LINEAR", None)
        assert "built without oneDNN" in obstacle()
    with monkeypatch.context() as patch:
        patch.setattr(torch.backends.mkldnn, "enabled", False)
        assert "switched off" in obstacle()
    torch.set_float32_matmul_precision("medium")
    try:
        assert "less than full float32" in obstacle()
    finally:
        torch.set_float32_matmul_precision("highest")
    assert onednn_obstacle() == ""
    assert not measured


def test_nothing_is_measured_on_tensors_without_memory(
    measured: list[tuple[int, int, int]],
) -> None:
    with FakeTensorMode():
        assert choose_routes(4, 3, 2) == TORCH
    assert not measured
