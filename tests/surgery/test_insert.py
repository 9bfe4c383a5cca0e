"""What holds wherever dropout is inserted, and what is refused."""

import contextlib
import copy
import pickle
from typing import Any

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from torchdrop import networks
from torchdrop.errors import ModelError, SettingError
from torchdrop.nn import ActivationDropout, Dropout
from torchdrop.surgery import insert, insert_, remove, set_p

from .seen import run, same, sites, snapshot, why
from .small_models import (
    MODELS,
    Calls,
    mlp,
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

    for before, after in zip(run(model.eval(), example), run(changed.eval(), example), strict=True):
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
    before, numbers = snapshot(model), torch.get_rng_state()
    planned = insert_(model, 0.3, example=example, dry_run=True)

    assert same(before, snapshot(model))
    assert torch.equal(numbers, torch.get_rng_state())
    assert planned == insert_(model, 0.3, example=example)


def test_the_copy_leaves_the_argument_alone(case: tuple[nn.Module, Any]) -> None:
    model, example = case
    before = snapshot(model)
    insert(model, 0.3, example=example, before_norm=True)

    assert same(before, snapshot(model))


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
    expected = run(model, example)

    for twin in (copy.deepcopy(model), pickle.loads(pickle.dumps(model))):
        assert repr(twin) == repr(model)
        assert all(map(torch.equal, run(twin, example), expected))


def test_the_chapters_network_comes_out() -> None:
    chapter = networks.mlp(30, 20, 10, 5, 3, p=0.3)
    bare = nn.Sequential(*(layer for layer in chapter if not isinstance(layer, Dropout)))
    x = torch.randn(7, 30)

    assert torch.equal(run(insert(bare, 0.3, example=x), x)[0], run(chapter, x)[0])
    assert torch.equal(run(insert(bare, 0.3), x)[0], run(chapter, x)[0])


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


def test_one_activation_for_all_layers_is_changed_once() -> None:
    relu = nn.ReLU()
    model = nn.Sequential(nn.Linear(4, 4), relu, nn.Linear(4, 4), relu, nn.Linear(4, 2))
    changes = insert_(model, 0.3, example=torch.randn(3, 4))

    assert sites(changes) == ["1"]
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

    assert why(insert_(model, 0.3), "1") == ["it has hooks, which would see another tensor"]


def test_what_was_inserted_can_be_set_and_removed() -> None:
    model, x = Calls(), torch.randn(5, 4)
    changed = insert(model, 0.3, example=x)

    assert set_p(changed, 0.7).two.input_dropout.p == 0.7  # type: ignore[union-attr]
    assert torch.equal(run(remove(changed), x)[0], run(model, x)[0])


def test_a_model_that_would_differ_is_left_as_it_was_with_the_place_named() -> None:
    class Picky(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.one, self.relu, self.two = nn.Linear(4, 4), nn.ReLU(), nn.Linear(4, 2)

        def forward(self, x: Tensor) -> Tensor:
            result: Tensor = self.two(self.relu(self.one(x)))
            return result if type(self.relu) is nn.ReLU else result + 1

    model = Picky()
    before = snapshot(model)

    with pytest.raises(ModelError, match="another output with dropout at 'relu'"):
        insert_(model, 0.3, example=torch.randn(3, 4))
    assert same(before, snapshot(model))


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

    assert sites(insert_(Noisy(), 0.3, example=torch.randn(3, 4))) == ["relu"]


def test_a_failing_model_keeps_no_hooks() -> None:
    model = mlp()
    before = snapshot(model)
    with contextlib.suppress(RuntimeError):
        insert_(model, 0.3, example=torch.randn(3, 99))

    assert same(before, snapshot(model))


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

    assert torch.equal(run(compiled, x)[0], run(model, x)[0])


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
