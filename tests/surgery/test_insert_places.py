"""Where `insert_` puts dropout, and where it leaves a place alone."""

from collections.abc import Callable
from typing import Any

import pytest
import torch
import torch.nn.functional as F
from hypothesis import given
from hypothesis import strategies as st
from torch import Tensor, nn

from torchdrop.nn import ActivationDropout, Dropout, Dropout1d, Dropout2d
from torchdrop.surgery import insert, insert_

from .seen import run, sites, why
from .small_models import (
    MODELS,
    Calls,
    Gated,
    PreActivation,
    Residual,
    Squeeze,
    Swish,
    encoder,
)

_RANDOM = st.lists(
    st.sampled_from(["linear", "relu", "tanh", "dropout", "identity", "layer", "batch"]), max_size=9
)


_MADE: dict[str, Callable[[], nn.Module]] = {
    "linear": lambda: nn.Linear(4, 4),
    "relu": nn.ReLU,
    "tanh": nn.Tanh,
    "dropout": nn.Dropout,
    "identity": nn.Identity,
    "layer": lambda: nn.LayerNorm(4),
    "batch": lambda: nn.BatchNorm1d(4),
}


def _until(names: list[str], stops: str) -> str:
    return next((name for name in names if name in stops.split()), "end")


def _should(names: list[str], i: int) -> bool:
    after, before = names[i + 1 :], names[:i][::-1]
    return (
        names[i] in ("relu", "tanh")
        and "linear" in before
        and _until(after, "linear relu tanh dropout") == "linear"
        and _until(before, "linear relu tanh dropout") != "dropout"
        and _until(after, "batch relu tanh") != "batch"
    )


@given(_RANDOM)
def test_any_chain_follows_the_rules_seen_or_not(names: list[str]) -> None:
    model = nn.Sequential(*(_MADE[name]() for name in names))
    expected = [str(i) for i in range(len(names)) if _should(names, i)]

    for example in (None, torch.randn(3, 4)):
        changes = insert_(model, 0.3, example=example, dry_run=True)
        assert sites(changes) == expected
        assert len(changes) + len(changes.left) == names.count("relu") + names.count("tanh")


def test_calls_are_reached_in_front_of_the_next_layer() -> None:
    model, x = Calls(), torch.randn(5, 4)
    drop = Dropout(0.4)

    def by_hand(x: Tensor) -> Tensor:
        x = drop(F.gelu(model.two(drop(torch.relu(model.one(x))))))
        result: Tensor = model.three(x)
        return result.log_softmax(1)

    changed = insert(model, 0.4, example=x)
    with torch.random.fork_rng():
        torch.manual_seed(0)
        expected = by_hand(x)

    assert torch.equal(run(changed, x)[0], expected)


def test_without_an_example_calls_are_not_seen() -> None:
    assert not insert_(Calls(), 0.3)


def test_the_trunk_of_a_residual_block_is_not_dropped() -> None:
    model, x = Residual(lambda n: nn.Identity()), torch.randn(2, 3, 5, 5)
    drop = Dropout(0.4)

    def by_hand(x: Tensor) -> Tensor:
        x = torch.relu(model.stem(x))
        y = model.two(drop(torch.relu(model.one(drop(x))))) + x
        result: Tensor = model.head(drop(torch.relu(y).mean((2, 3))))
        return result

    changed = insert(model, 0.4, example=x)
    with torch.random.fork_rng():
        torch.manual_seed(0)
        expected = by_hand(x)

    assert torch.equal(run(changed, x)[0], expected)


@pytest.mark.parametrize(("residual", "site"), [("inside", "two"), ("anywhere", "one")])
def test_a_trunk_is_dropped_when_asked_for(residual: Any, site: str) -> None:
    class Block(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.zero, self.two, self.three = (nn.Linear(4, 4) for _ in range(3))
            self.one = nn.ReLU()

        def forward(self, x: Tensor) -> Tensor:
            x = self.one(self.zero(x))
            result: Tensor = self.three(x + self.two(x))
            return result

    assert sites(insert_(Block(), 0.3, example=torch.randn(2, 4), residual=residual)) == [site]


def test_dropout_stays_inside_the_branch() -> None:
    assert sites(insert_(PreActivation(), 0.3, example=torch.randn(5, 4))) == ["branch.2"]


def test_a_branch_that_ends_in_a_call_cannot_be_reached() -> None:
    class Block(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.one, self.two, self.three = (nn.Linear(4, 4) for _ in range(3))

        def forward(self, x: Tensor) -> Tensor:
            x = self.one(x)
            result: Tensor = self.three(x + torch.relu(self.two(x)))
            return result

    changes = insert_(Block(), 0.3, example=torch.randn(2, 4))

    assert not changes
    assert "outside of the branch" in changes.left[0].why
    assert sites(insert_(Block(), 0.3, example=torch.randn(2, 4), residual="anywhere")) == ["three"]


def test_dropout_comes_after_the_last_batch_normalization_alone() -> None:
    x = torch.randn(2, 3, 5, 5)
    changes = insert_(Residual(), 0.3, example=x)

    assert sites(changes) == ["head"]
    assert why(changes, "relu") == [
        "batch normalization follows (norm_one): its variance would be another",
        "batch normalization follows (norm_two): its variance would be another",
    ]
    assert sites(insert_(Residual(), 0.3, example=x, before_norm=True)) == ["one", "two", "head"]


def test_layer_normalization_is_no_obstacle() -> None:
    model = nn.Sequential(nn.Linear(4, 4), nn.ReLU(), nn.LayerNorm(4), nn.Linear(4, 2))

    assert sites(insert_(model, 0.3)) == ["1"]


def test_channels_are_dropped_before_convolutions() -> None:
    model, example = (make() for make in MODELS["cnn"])
    insert_(model, 0.3, example=example, channels=True)
    found = {
        name: type(layer) for name, layer in model.named_modules() if isinstance(layer, nn.Module)
    }

    assert found["2.output_dropout"] is Dropout2d
    assert found["5"] is ActivationDropout


@pytest.mark.parametrize(("shape", "batched"), [((3, 2, 8), True), ((2, 8), False)])
def test_channels_know_whether_there_is_a_batch(shape: tuple[int, ...], batched: bool) -> None:
    model = nn.Sequential(nn.Conv1d(2, 3, 1), nn.ReLU(), nn.Conv1d(3, 2, 1))
    insert_(model, 0.3, example=torch.randn(shape), channels=True)
    drop = model.get_submodule("1.output_dropout")

    assert isinstance(drop, Dropout1d)
    assert drop.batched is batched
    assert model(torch.randn(shape)).shape == (*shape[:-1], 8)[-len(shape) :]


def test_a_gated_unit_is_dropped_after_the_product() -> None:
    assert sites(insert_(Gated(), 0.3, example=torch.randn(5, 4))) == ["down"]


def test_a_gate_is_not_dropped() -> None:
    changes = insert_(Squeeze(), 0.3, example=torch.randn(2, 3, 5, 5))

    assert sites(changes) == ["relu"]
    assert why(changes, "gate") == ["a gate: it scales another tensor"]


def test_an_activation_of_ones_own_is_known_by_what_it_does() -> None:
    model = nn.Sequential(nn.Linear(4, 6), Swish(), nn.Linear(6, 2))

    assert sites(insert_(model, 0.3, example=torch.randn(5, 4))) == ["1"]


def test_where_dropout_is_already_nothing_is_inserted() -> None:
    changes = insert_(encoder(), 0.3, example=torch.randn(2, 5, 8))

    assert not changes
    assert {change.why for change in changes.left} == {"dropout follows already"}


def test_dropout_right_before_an_activation_counts_too() -> None:
    model = nn.Sequential(nn.Linear(4, 4), nn.Dropout(0.1), nn.ReLU(), nn.Linear(4, 2))

    assert why(insert_(model, 0.3), "2") == ["dropout comes right before it"]


def test_nothing_is_dropped_before_the_first_layer_nor_after_the_last() -> None:
    model = nn.Sequential(nn.ReLU(), nn.Linear(4, 4), nn.ReLU(), nn.Flatten(), nn.Softmax(1))
    for example in (None, torch.randn(2, 4)):
        changes = insert_(model, 0.3, example=example)

        assert not changes
        assert why(changes, "0") == ["no layer with weights comes before it"]
        assert why(changes, "2") == ["no layer with weights follows"]


def test_features_that_are_given_back_are_not_dropped() -> None:
    class Features(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.one, self.relu, self.two = nn.Linear(4, 4), nn.ReLU(), nn.Linear(4, 2)

        def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
            features = self.relu(self.one(x))
            y: Tensor = self.two(features)
            return features, y

    x = torch.randn(3, 4)
    changed = insert(Features(), 0.9, example=x)

    assert torch.equal(changed(x)[0], torch.relu(changed.one(x)))
    assert changed.two.input_dropout.p == 0.9  # type: ignore[union-attr]


def test_a_shared_layer_is_left_where_its_calls_disagree() -> None:
    class Twice(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.one, self.two = nn.Linear(4, 4), nn.Linear(4, 2)

        def forward(self, x: Tensor) -> Tensor:
            result: Tensor = self.two(torch.relu(self.one(self.one(x)))) + self.two(x)
            return result

    changes = insert_(Twice(), 0.3, example=torch.randn(3, 4))

    assert not changes
    assert why(changes, "two") == ["it runs elsewhere too, where nothing is to be dropped"]
