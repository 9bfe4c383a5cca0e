from typing import Any

import pytest
import torch
from torch import nn

from torchdrop.benchmarks import NETWORKS, Budget, benchmark_step
from torchdrop.benchmarks._step import _make_step, build_networks
from torchdrop.errors import SettingError

TINY = Budget(sample_seconds=1e-5, total_seconds=0.0, rounds=3)


@pytest.mark.parametrize("activation", ["leaky_relu", "relu"])
def test_all_networks_start_from_the_same_weights(activation: str) -> None:
    networks = build_networks((6, 5, 4, 3), 0.5, activation)
    weights = [torch.cat([p.flatten() for p in net.parameters()]) for net in networks.values()]

    assert list(networks) == ["none", "nn.Dropout", "ours", "fused"]
    assert all(torch.equal(weights[0], other) for other in weights[1:])


def test_networks_differ_in_nothing_but_dropout() -> None:
    networks = build_networks((6, 5, 4, 3), 0.3, "relu")
    kinds = [type(layer) for layer in networks["none"]]

    assert kinds == [nn.Linear, nn.ReLU, nn.Linear, nn.ReLU, nn.Linear]
    assert [type(layer) for layer in networks["nn.Dropout"]][2] is nn.Dropout
    assert all(network.training for network in networks.values())


def test_steps_leave_the_weights_as_they_are() -> None:
    network = build_networks((6, 5, 3), 0.5, "relu")["ours"]
    before = [parameter.detach().clone() for parameter in network.parameters()]
    step = _make_step(network, (6, 5, 3), batch=4)
    step()
    step()

    assert all(torch.equal(a, b) for a, b in zip(before, network.parameters(), strict=True))
    assert all(parameter.grad is not None for parameter in network.parameters())


def test_ratios_are_quotients_of_medians_and_threads_are_restored() -> None:
    threads = torch.get_num_threads()
    (case,) = benchmark_step(("chapter",), (2,), (1,), budget=TINY).cases
    content = case.to_dict()
    medians = {name: timing["median"] for name, timing in content["timings"].items()}

    assert content["widths"] == list(NETWORKS["chapter"])
    assert content["ratios"] == {
        f"{name} / none": medians[name] / medians["none"] for name in medians
    }
    assert content["milliseconds"]["ours"] == 1e3 * medians["ours"]
    assert torch.get_num_threads() == threads


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"networks": ("lenet",)}, "networks are among chapter"),
        ({"batches": (0,)}, "batches are numbers of rows"),
        ({"threads": (0,)}, "threads are numbers"),
        ({"p": 0.0}, "inside"),
        ({"activation": "step"}, "activation is one of"),
    ],
)
def test_bad_settings_are_refused(settings: dict[str, Any], message: str) -> None:
    with pytest.raises(SettingError, match=message):
        benchmark_step(**settings)
