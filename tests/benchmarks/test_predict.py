import pytest
import torch

from torchdrop.benchmarks import PLACES, Budget, benchmark_predict
from torchdrop.benchmarks._predict import build_network
from torchdrop.errors import SettingError

SHORT = Budget(total_seconds=0.0, rounds=2)


def test_every_way_is_timed_at_every_place() -> None:
    result = benchmark_predict(("mlp", "cnn"), PLACES[:2], rows=3, samples=2, budget=SHORT)

    assert [(case.network, case.place) for case in result.cases] == [
        *(("mlp", "late"), ("mlp", "middle"), ("cnn", "late"), ("cnn", "middle")),
    ]
    for case in result.cases:
        assert {"loop", "repeated", "vmap", "ours, loop", "ours"} <= set(case.timings)
        assert case.ratio("loop") == 1
        assert case.to_dict()["times_faster"]["ours"] == case.ratio("ours")


@pytest.mark.parametrize("network", ["mlp", "cnn"])
def test_dropout_starts_where_it_is_said(network: str) -> None:
    counts = [
        sum(isinstance(layer, torch.nn.Dropout) for layer in build_network(network, place))
        for place in PLACES
    ]

    assert counts == [1, 2, 3]


def test_bad_settings_are_refused() -> None:
    for settings in ({"networks": ()}, {"places": ("last",)}, {"rows": 0}, {"samples": 1}):
        with pytest.raises(SettingError):
            benchmark_predict(**settings)
