import contextlib
import copy
import pickle
from collections.abc import Callable
from typing import Any

import pytest
import torch
import torch.nn.functional as F
from hypothesis import given
from hypothesis import strategies as st
from torch import Tensor, nn

from torchdrop import networks
from torchdrop.errors import ModelError, SettingError
from torchdrop.nn import ActivationDropout, Dropout, Dropout1d, Dropout2d
from torchdrop.surgery import Changes, insert, insert_, remove, set_p

from .small_models import (
    MODELS,
    Calls,
    Gated,
    PreActivation,
    Residual,
    Squeeze,
    Swish,
    encoder,
    mlp,
)


def _run(model: nn.Module, example: Any, seed: int = 0) -> list[Tensor]:
    example = copy.deepcopy(example)
    with torch.random.fork_rng(), torch.no_grad():
        torch.manual_seed(seed)
        result = model(**example) if isinstance(example, dict) else model(example)
    if isinstance(result, dict):
        return list(result.values())
    return list(result) if isinstance(result, tuple) else [result]


def _sites(changes: Changes) -> list[str]:
    return [change.site for change in changes]


def _why(changes: Changes, site: str) -> list[str]:
    return [change.why for change in changes.left if change.site == site]


def _snapshot(model: nn.Module) -> tuple[Any, ...]:
    layers = [(name, type(layer), layer.training) for name, layer in model.named_modules()]
    weights = {key: value.clone() for key, value in model.state_dict().items()}
    hooks = [
        len(value)
        for layer in model.modules()
        for name, value in vars(layer).items()
        if name.endswith("_hooks")
    ]
    return layers, weights, hooks, repr(model)


def _equal(before: tuple[Any, ...], after: tuple[Any, ...]) -> bool:
    weights = before[1], after[1]
    return (
        before[0] == after[0]
        and before[2:] == after[2:]
        and list(weights[0]) == list(weights[1])
        and all(torch.equal(weights[0][key], weights[1][key]) for key in weights[0])
    )


@pytest.fixture(params=MODELS)
def case(request: pytest.FixtureRequest) -> tuple[nn.Module, Any]:
    build, example = MODELS[request.param]
    with torch.random.fork_rng():
        torch.manual_seed(0)
        return build(), example()


@pytest.mark.parametrize("options", [{}, {"residual": "anywhere", "before_norm": True}])
@pytest.mark.parametrize("shown", [True, False])
def test_evaluation_is_the_same_to_the_bit(
    case: tuple[nn.Module, Any], options: dict[str, Any], shown: bool
) -> None:
    model, example = case
    changed = insert(model, 0.3, example=example if shown else None, **options)

    for before, after in zip(
        _run(model.eval(), example), _run(changed.eval(), example), strict=True
    ):
        assert torch.equal(before, after)


def test_keys_stay_and_checkpoints_load_both_ways(case: tuple[nn.Module, Any]) -> None:
    model, example = case
    changed = insert(model, 0.3, example=example, before_norm=True)

    assert list(changed.state_dict()) == list(model.state_dict())
    changed.load_state_dict(model.state_dict())
    model.load_state_dict(changed.state_dict())


def test_a_dry_run_touches_nothing_and_says_what_the_real_one_does(
    case: tuple[nn.Module, Any],
) -> None:
    model, example = case
    before, numbers = _snapshot(model), torch.get_rng_state()
    planned = insert_(model, 0.3, example=example, dry_run=True)

    assert _equal(before, _snapshot(model))
    assert torch.equal(numbers, torch.get_rng_state())
    assert planned == insert_(model, 0.3, example=example)


def test_the_copy_leaves_the_argument_alone(case: tuple[nn.Module, Any]) -> None:
    model, example = case
    before = _snapshot(model)
    insert(model, 0.3, example=example, before_norm=True)

    assert _equal(before, _snapshot(model))


def test_modes_stay_one_by_one(case: tuple[nn.Module, Any]) -> None:
    model, example = case
    for layer in list(model.modules())[::2]:
        layer.train(False)
    modes = {name: layer.training for name, layer in model.named_modules()}
    insert_(model, 0.3, example=example, before_norm=True)
    after = dict(model.named_modules())

    assert all(after[name].training == mode for name, mode in modes.items())
    for name in set(after) - set(modes):
        assert after[name].training == modes[name.rpartition(".")[0]]


def test_a_second_insertion_changes_nothing(case: tuple[nn.Module, Any]) -> None:
    model, example = case
    insert_(model, 0.3, example=example, before_norm=True)

    assert not insert_(model, 0.3, example=example, before_norm=True)


def test_training_drops_at_every_place(case: tuple[nn.Module, Any]) -> None:
    model, example = case
    for change in insert_(model, 0.5, example=example, before_norm=True):
        layer = model.get_submodule(change.site)
        found = [each for each in layer.modules() if isinstance(each, nn.Dropout)]
        assert [each.p for each in found] == [0.5]


def test_what_was_inserted_survives_pickle_and_copies(case: tuple[nn.Module, Any]) -> None:
    model, example = case
    insert_(model, 0.3, example=example, before_norm=True)
    if any(isinstance(layer, nn.BatchNorm2d) for layer in model.modules()):
        for layer in model.modules():
            layer.train(not isinstance(layer, nn.BatchNorm2d))
    expected = _run(model, example)

    for twin in (copy.deepcopy(model), pickle.loads(pickle.dumps(model))):
        assert repr(twin) == repr(model)
        assert all(map(torch.equal, _run(twin, example), expected))


def test_the_chapters_network_comes_out() -> None:
    chapter = networks.mlp(30, 20, 10, 5, 3, p=0.3)
    bare = nn.Sequential(*(layer for layer in chapter if not isinstance(layer, Dropout)))
    x = torch.randn(7, 30)

    assert torch.equal(_run(insert(bare, 0.3, example=x), x)[0], _run(chapter, x)[0])
    assert torch.equal(_run(insert(bare, 0.3), x)[0], _run(chapter, x)[0])


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
        assert _sites(changes) == expected
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

    assert torch.equal(_run(changed, x)[0], expected)


def test_calls_that_feed_calls_are_listed_with_their_line() -> None:
    class OwnWeight(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.one, self.weight = nn.Linear(4, 6), nn.Parameter(torch.ones(2, 6))

        def forward(self, x: Tensor) -> Tensor:
            return F.linear(torch.relu(self.one(x)), self.weight)

    changes = insert_(OwnWeight(), 0.3, example=torch.randn(2, 4))

    assert not changes
    assert "relu()  left alone" in str(changes)
    assert "linear(), at test_insert.py:" in changes.left[0].why


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

    assert torch.equal(_run(changed, x)[0], expected)


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

    assert _sites(insert_(Block(), 0.3, example=torch.randn(2, 4), residual=residual)) == [site]


def test_dropout_stays_inside_the_branch() -> None:
    assert _sites(insert_(PreActivation(), 0.3, example=torch.randn(5, 4))) == ["branch.2"]


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
    assert _sites(insert_(Block(), 0.3, example=torch.randn(2, 4), residual="anywhere")) == [
        "three"
    ]


def test_dropout_comes_after_the_last_batch_normalization_alone() -> None:
    x = torch.randn(2, 3, 5, 5)
    changes = insert_(Residual(), 0.3, example=x)

    assert _sites(changes) == ["head"]
    assert _why(changes, "relu") == [
        "batch normalization follows (norm_one): its variance would be another",
        "batch normalization follows (norm_two): its variance would be another",
    ]
    assert _sites(insert_(Residual(), 0.3, example=x, before_norm=True)) == ["one", "two", "head"]


def test_layer_normalization_is_no_obstacle() -> None:
    model = nn.Sequential(nn.Linear(4, 4), nn.ReLU(), nn.LayerNorm(4), nn.Linear(4, 2))

    assert _sites(insert_(model, 0.3)) == ["1"]


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
    assert _sites(insert_(Gated(), 0.3, example=torch.randn(5, 4))) == ["down"]


def test_a_gate_is_not_dropped() -> None:
    changes = insert_(Squeeze(), 0.3, example=torch.randn(2, 3, 5, 5))

    assert _sites(changes) == ["relu"]
    assert _why(changes, "gate") == ["a gate: it scales another tensor"]


def test_an_activation_of_ones_own_is_known_by_what_it_does() -> None:
    model = nn.Sequential(nn.Linear(4, 6), Swish(), nn.Linear(6, 2))

    assert _sites(insert_(model, 0.3, example=torch.randn(5, 4))) == ["1"]


def test_where_dropout_is_already_nothing_is_inserted() -> None:
    changes = insert_(encoder(), 0.3, example=torch.randn(2, 5, 8))

    assert not changes
    assert {change.why for change in changes.left} == {"dropout follows already"}


def test_dropout_right_before_an_activation_counts_too() -> None:
    model = nn.Sequential(nn.Linear(4, 4), nn.Dropout(0.1), nn.ReLU(), nn.Linear(4, 2))

    assert _why(insert_(model, 0.3), "2") == ["dropout comes right before it"]


def test_nothing_is_dropped_before_the_first_layer_nor_after_the_last() -> None:
    model = nn.Sequential(nn.ReLU(), nn.Linear(4, 4), nn.ReLU(), nn.Flatten(), nn.Softmax(1))
    for example in (None, torch.randn(2, 4)):
        changes = insert_(model, 0.3, example=example)

        assert not changes
        assert _why(changes, "0") == ["no layer with weights comes before it"]
        assert _why(changes, "2") == ["no layer with weights follows"]


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
    assert _why(changes, "two") == ["it runs elsewhere too, where nothing is to be dropped"]


def test_one_activation_for_all_layers_is_changed_once() -> None:
    relu = nn.ReLU()
    model = nn.Sequential(nn.Linear(4, 4), relu, nn.Linear(4, 4), relu, nn.Linear(4, 2))
    changes = insert_(model, 0.3, example=torch.randn(3, 4))

    assert _sites(changes) == ["1"]
    assert model[1] is relu
    assert model[3] is relu
    assert isinstance(relu, ActivationDropout)


def test_layers_stay_the_objects_they_were_and_of_their_class() -> None:
    model = mlp()
    tanh, weight = model[3], model[0].weight
    insert_(model, 0.3)

    assert model[3] is tanh
    assert isinstance(tanh, nn.Tanh)
    assert model[0].weight is weight


def test_hooked_layers_are_left() -> None:
    model = mlp()
    model[1].register_forward_hook(lambda *_: None)

    assert _why(insert_(model, 0.3), "1") == ["it has hooks, which would see another tensor"]


def test_what_was_inserted_can_be_set_and_removed() -> None:
    model, x = Calls(), torch.randn(5, 4)
    changed = insert(model, 0.3, example=x)

    assert set_p(changed, 0.7).two.input_dropout.p == 0.7  # type: ignore[union-attr]
    assert torch.equal(_run(remove(changed), x)[0], _run(model, x)[0])


def test_a_model_that_would_differ_is_left_as_it_was_with_the_place_named() -> None:
    class Picky(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.one, self.relu, self.two = nn.Linear(4, 4), nn.ReLU(), nn.Linear(4, 2)

        def forward(self, x: Tensor) -> Tensor:
            result: Tensor = self.two(self.relu(self.one(x)))
            return result if type(self.relu) is nn.ReLU else result + 1

    model = Picky()
    before = _snapshot(model)

    with pytest.raises(ModelError, match="another output with dropout at 'relu'"):
        insert_(model, 0.3, example=torch.randn(3, 4))
    assert _equal(before, _snapshot(model))


def test_a_model_that_cannot_be_verified_is_refused() -> None:
    counter = iter(range(100))

    class Moody(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.one, self.relu, self.two = nn.Linear(4, 4), nn.ReLU(), nn.Linear(4, 2)

        def forward(self, x: Tensor) -> Tensor:
            result: Tensor = self.two(self.relu(self.one(x))) + next(counter)
            return result

    with pytest.raises(ModelError, match="each time it runs"):
        insert_(Moody(), 0.3, example=torch.randn(3, 4))


def test_random_numbers_in_evaluation_do_not_disturb() -> None:
    class Noisy(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.one, self.relu, self.two = nn.Linear(4, 4), nn.ReLU(), nn.Linear(4, 2)

        def forward(self, x: Tensor) -> Tensor:
            result: Tensor = self.two(self.relu(self.one(x + torch.randn_like(x))))
            return result

    assert _sites(insert_(Noisy(), 0.3, example=torch.randn(3, 4))) == ["relu"]


def test_a_failing_model_keeps_no_hooks() -> None:
    model = mlp()
    before = _snapshot(model)
    with contextlib.suppress(RuntimeError):
        insert_(model, 0.3, example=torch.randn(3, 99))

    assert _equal(before, _snapshot(model))


def test_lazy_layers_must_have_run() -> None:
    with pytest.raises(ModelError, match="lazy layers"):
        insert_(nn.Sequential(nn.LazyLinear(3), nn.ReLU(), nn.LazyLinear(2)), 0.3)


def test_a_compiled_model_is_refused() -> None:
    with pytest.raises(ModelError, match=r"before torch\.compile"):
        insert_(torch.compile(mlp(), backend="eager"), 0.3)  # type: ignore[arg-type]


@pytest.mark.filterwarnings("ignore:.*Function.* should not be instantiated:DeprecationWarning")
def test_what_was_inserted_compiles_as_one_graph() -> None:
    x = torch.randn(5, 4)
    model = insert(nn.Sequential(mlp(), nn.Linear(3, 4), Calls()), 0.3, example=x)
    compiled: Any = torch.compile(model, backend="eager", fullgraph=True)

    assert torch.equal(_run(compiled, x)[0], _run(model, x)[0])


def test_wrong_settings_are_refused() -> None:
    with pytest.raises(SettingError, match="p is the probability of dropping"):
        insert_(mlp(), 1.5)
    with pytest.raises(SettingError, match="'inside' or 'anywhere'"):
        insert_(mlp(), 0.5, residual="everywhere")  # type: ignore[arg-type]
    with pytest.raises(ModelError, match=r"torch\.nn\.Module"):
        insert_(nn.Linear, 0.5)  # type: ignore[arg-type]


def test_a_model_that_cannot_be_copied_is_refused() -> None:
    model = mlp()
    model.register_buffer("held", torch.ones(2, requires_grad=True) * 2)  # not a leaf

    with pytest.raises(ModelError, match="Sequential cannot be copied"):
        insert_(model, 0.3, example=torch.randn(3, 4))
