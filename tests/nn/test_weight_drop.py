import copy
import math
import pickle
from collections.abc import Callable

import pytest
import torch
from torch import Tensor, nn
from torch.nn.utils import parametrizations, parametrize
from torch.utils.checkpoint import checkpoint

from torchdrop.errors import ModelError, SettingError
from torchdrop.kernels import keep_probability
from torchdrop.nn import WeightDrop, remove_weight_drop, weight_drop

RECURRENT: tuple[Callable[[], nn.RNNBase], ...] = (
    lambda: nn.LSTM(3, 4),
    lambda: nn.GRU(3, 4, num_layers=2, bidirectional=True),
    lambda: nn.RNN(3, 4, num_layers=2, bias=False),
    lambda: nn.LSTM(3, 4, batch_first=True),
)
MODULES: tuple[Callable[[], nn.Module], ...] = (
    *RECURRENT,
    lambda: nn.Linear(3, 4),
    lambda: nn.Conv1d(2, 4, 1),
    lambda: nn.Bilinear(3, 3, 4),
)

each_recurrent = pytest.mark.parametrize("make", RECURRENT)
each_module = pytest.mark.parametrize("make", MODULES)


def _run(module: nn.Module, seed: int = 0) -> Tensor:
    x = torch.rand(5, 2, 3, generator=torch.Generator().manual_seed(1))
    x = x.to(next(module.parameters()).dtype)
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        y = module(x, x) if isinstance(module, nn.Bilinear) else module(x)
    result: Tensor = y[0] if isinstance(y, tuple) else y
    return result


def _dropped(make: Callable[[], nn.Module], p: float = 0.5) -> tuple[nn.Module, nn.Module]:
    """A module and a copy of it that drops."""
    plain = make()
    return plain, weight_drop(copy.deepcopy(plain), p=p)


@each_module
def test_evaluation_is_the_plain_module_to_the_bit(make: Callable[[], nn.Module]) -> None:
    plain, module = _dropped(make)
    before = _run(plain)

    assert torch.equal(_run(module.eval()), before)
    _run(module.train())
    assert torch.equal(_run(module.eval()), before)


@each_module
def test_training_draws_anew_each_call_and_again_from_the_same_seed(
    make: Callable[[], nn.Module],
) -> None:
    _, module = _dropped(make)
    first, again, other = (_run(module, seed) for seed in (0, 0, 1))

    assert torch.equal(first, again)
    assert not torch.equal(first, other)


@each_recurrent
def test_recurrent_layers_compute_with_the_dropped_weights(
    make: Callable[[], nn.RNNBase],
) -> None:
    """They keep a list of weights, which must not be that of another call."""
    plain, module = _dropped(make, p=1.0)
    with torch.no_grad():
        for name, weight in plain.named_parameters():
            if name.startswith("weight_hh"):
                weight.zero_()

    assert torch.equal(_run(module), _run(plain))


def _one_mask() -> tuple[Tensor, nn.LSTM]:
    torch.manual_seed(0)
    module = weight_drop(nn.LSTM(3, 4))
    (drop,) = (child for child in module.modules() if isinstance(child, WeightDrop))
    masks = []
    drop.register_forward_hook(lambda drop, arguments, weight: masks.append(weight))
    _run(module)
    assert len({id(mask) for mask in masks}) == 1
    return masks[0].detach(), module


def test_all_time_steps_see_the_same_mask() -> None:
    """The same result as with the dropped weight put into a plain layer by hand."""
    with torch.random.fork_rng():
        weight, module = _one_mask()
    plain = remove_weight_drop(copy.deepcopy(module))
    with torch.no_grad():
        plain.get_parameter("weight_hh_l0").copy_(weight)

    assert 0 < (weight == 0).sum() < weight.numel()
    assert torch.equal(_run(module), _run(plain))


class _Twice(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.ones(40, 40))

    def forward(self) -> tuple[Tensor, Tensor]:
        with torch.no_grad():
            first = self.weight * 1
        return first, self.weight * 1


@pytest.mark.parametrize("p", [0.0, 0.5])
def test_a_first_use_without_gradients_does_not_decide_for_the_second(p: float) -> None:
    module = weight_drop(parametrizations.weight_norm(_Twice()), p=p)
    for training in (True, False):
        _, second = module.train(training)()

        assert second.requires_grad


def test_a_weight_is_the_same_throughout_a_call() -> None:
    module = weight_drop(_Twice())
    first, second = module()
    third, _ = module()

    assert torch.equal(first, second)
    assert second.requires_grad
    assert not torch.equal(first, third)
    assert not torch.equal(module.weight, module.weight)


class _Fails(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.ones(40, 40))

    def forward(self) -> None:
        raise RuntimeError(f"after reading {self.weight.shape}")


def test_a_call_that_fails_ends_as_any_other() -> None:
    module = weight_drop(_Fails())
    with pytest.raises(RuntimeError, match="after reading"):
        module()

    assert not torch.equal(module.weight, module.weight)


@each_module
def test_gradients_reach_the_parameters(make: Callable[[], nn.Module]) -> None:
    _, module = _dropped(make)
    _run(module).square().sum().backward()  # type: ignore[no-untyped-call]

    assert all(parameter.grad is not None for parameter in module.parameters())


def test_the_gradient_is_zero_where_the_weight_was_dropped() -> None:
    module = weight_drop(nn.Linear(30, 40, bias=False), p=0.25)
    weight = module.parametrizations.weight.original  # type: ignore[union-attr]
    y = module(torch.eye(30)).T
    y.sum().backward()
    factor = 1 / keep_probability(0.25)

    assert torch.equal(weight.grad, torch.where(y == 0, 0.0, factor))  # type: ignore[arg-type]
    assert torch.equal(y[y != 0], (weight * factor)[y != 0])  # type: ignore[operator, index]


def test_the_mean_over_masks_is_the_plain_weight() -> None:
    calls, p = 400, 0.3
    module = weight_drop(nn.Linear(20, 20, bias=False), p=p)
    with torch.no_grad():
        module.weight = torch.ones(20, 20)
    with torch.random.fork_rng():
        torch.manual_seed(0)
        mean = torch.stack([module(torch.eye(20)) for _ in range(calls)]).mean()

    assert abs(mean.item() - 1) < 5 * math.sqrt(p / (1 - p) / (calls * 400))


@each_module
def test_parameters_stay_the_same_objects(make: Callable[[], nn.Module]) -> None:
    """With PyTorch-NLP's WeightDrop, `parameters()` is empty."""
    plain = make()
    before = {id(parameter) for parameter in plain.parameters()}
    module = weight_drop(plain)

    assert module is plain
    assert {id(parameter) for parameter in module.parameters()} == before


def test_eval_of_a_parent_reaches_it() -> None:
    """With PyTorch-NLP's WeightDrop, `eval()` does not; with awd-lstm's, rows drop all the same."""
    for dims in (None, (0,)):
        model = nn.ModuleDict({"lstm": weight_drop(nn.LSTM(3, 4), p=1.0, dims=dims)})
        trained = _run(model["lstm"])
        model.eval()

        assert not torch.equal(_run(model["lstm"]), trained)
        assert torch.equal(_run(model["lstm"], 0), _run(model["lstm"], 1))


@each_module
@pytest.mark.parametrize("training", [True, False])
def test_a_deep_copy_after_a_call_has_weights_of_its_own(
    make: Callable[[], nn.Module], training: bool
) -> None:
    """awd-lstm cannot be copied after a call; PyTorch-NLP's copies call the first's weights."""
    _, module = _dropped(make)
    before = _run(module.train(training))
    copied = copy.deepcopy(module.double().float())
    with torch.no_grad():
        for parameter in module.parameters():
            parameter.zero_()

    assert torch.equal(_run(copied), before)
    assert not {id(p) for p in copied.parameters()} & {id(p) for p in module.parameters()}


@each_module
def test_calls_do_not_change_the_parameters(make: Callable[[], nn.Module]) -> None:
    """fairseq's quant_noise overwrites them: after six calls nothing is left."""
    _, module = _dropped(make)
    before = [parameter.detach().clone() for parameter in module.parameters()]
    for seed in range(6):
        _run(module, seed)

    assert all(map(torch.equal, before, module.parameters()))


@each_module
def test_removing_restores_the_plain_module(make: Callable[[], nn.Module]) -> None:
    plain, module = _dropped(make)
    _run(module)
    assert remove_weight_drop(module) is module

    assert type(module) is type(plain)
    assert list(module.state_dict()) == list(plain.state_dict())
    assert vars(module).keys() == vars(plain).keys()
    assert not module._forward_hooks
    assert not module._forward_pre_hooks
    assert torch.equal(_run(module), _run(plain))


@each_module
def test_removing_from_a_copy_leaves_the_first_alone(make: Callable[[], nn.Module]) -> None:
    """Torch lets them share the class that the weights are properties of."""
    plain, module = _dropped(make)
    before, copied = _run(module), copy.deepcopy(module)
    remove_weight_drop(copied)

    assert torch.equal(_run(module), before)
    assert torch.equal(_run(copied), _run(plain))
    assert not copied._forward_hooks
    assert module._forward_hooks


def test_dropping_more_of_a_copy_leaves_the_first_alone() -> None:
    module = weight_drop(nn.LSTM(3, 4))
    copied = weight_drop(copy.deepcopy(module), "weight_ih_l0")
    before = _run(module)

    assert isinstance(module.weight_ih_l0, nn.Parameter)
    assert not torch.equal(_run(copied), before)
    assert torch.equal(_run(module), before)


@each_module
def test_state_dicts_carry_weights_from_one_to_another(make: Callable[[], nn.Module]) -> None:
    _, module = _dropped(make)
    _, other = _dropped(make)
    other.load_state_dict(module.state_dict())

    assert torch.equal(_run(other), _run(module))


def test_pickling_the_module_is_refused_by_torch() -> None:
    with pytest.raises(RuntimeError, match=r"state_dict\(\)"):
        pickle.dumps(weight_drop(nn.Linear(3, 4)))


@each_module
def test_it_can_be_exported_in_evaluation(make: Callable[[], nn.Module]) -> None:
    plain, module = _dropped(make)
    if isinstance(plain, nn.Bilinear):
        pytest.skip("takes two inputs")
    x = torch.rand(5, 2, 3)
    exported = torch.export.export(module.eval(), (x,)).module()

    assert torch.allclose(_run(exported), _run(plain))


@pytest.mark.filterwarnings("ignore:.*Function.* should not be instantiated:DeprecationWarning")
def test_a_compiled_module_draws_the_same_masks() -> None:
    torch._dynamo.reset()
    _, module = _dropped(lambda: nn.Linear(3, 4))
    compiled = torch.compile(module, fullgraph=True, backend="aot_eager")

    assert torch.allclose(_run(compiled), _run(module))  # type: ignore[arg-type]


@pytest.mark.parametrize("reentrant", [True, False])
def test_recomputation_draws_the_same_mask(reentrant: bool) -> None:
    module, x = weight_drop(nn.LSTM(3, 4)), torch.rand(5, 2, 3, requires_grad=True)
    gradients = []
    for recompute in (True, False):
        module.zero_grad()
        with torch.random.fork_rng():
            torch.manual_seed(0)
            y = checkpoint(module, x, use_reentrant=reentrant) if recompute else module(x)
        y[0].square().sum().backward()
        gradients.append([parameter.grad.clone() for parameter in module.parameters()])  # type: ignore[union-attr]

    assert all(map(torch.equal, *gradients))


def test_functional_calls_use_the_weights_they_are_given() -> None:
    plain, module = _dropped(lambda: nn.LSTM(3, 4), p=0.0)
    zeros = {name: torch.zeros_like(weight) for name, weight in module.named_parameters()}
    y = torch.func.functional_call(module, zeros, torch.rand(5, 2, 3))[0]

    assert (y == 0).all()
    assert torch.equal(_run(module), _run(plain))


def test_recurrent_layers_and_cells_drop_their_recurrent_weights() -> None:
    lstm = weight_drop(nn.LSTM(3, 4, num_layers=2, bidirectional=True))
    cell = weight_drop(nn.GRUCell(3, 4))
    suffixes = ("l0", "l0_reverse", "l1", "l1_reverse")

    assert set(lstm.parametrizations) == {f"weight_hh_{suffix}" for suffix in suffixes}  # type: ignore[arg-type]
    assert set(cell.parametrizations) == {"weight_hh"}  # type: ignore[arg-type]


def test_one_mask_for_a_loop_over_a_cell_is_torchs_cache() -> None:
    cell, x = weight_drop(nn.GRUCell(3, 4)), torch.ones(2, 3)
    h = torch.ones(2, 4)
    with parametrize.cached():
        same = [cell(x, h) for _ in range(2)]

    assert torch.equal(*same)


def test_assigning_a_weight_sets_the_parameter() -> None:
    module = weight_drop(nn.Linear(3, 4))
    module.weight = torch.ones(4, 3)

    assert torch.equal(module.parametrizations.weight.original, torch.ones(4, 3))  # type: ignore[union-attr, arg-type]


def test_preparing_a_module_draws_nothing() -> None:
    before = torch.get_rng_state()
    linear = nn.Linear(3, 4, device="meta")
    remove_weight_drop(weight_drop(linear, ("weight", "bias")))

    assert torch.equal(torch.get_rng_state(), before)


def test_names_that_cannot_be_dropped_are_refused() -> None:
    module = weight_drop(nn.Linear(3, 4))
    with pytest.raises(ModelError, match=r"got names=\['scale'\] for"):
        weight_drop(module, "scale")
    with pytest.raises(ModelError, match=r"got names=\[\] for ReLU"):
        weight_drop(nn.ReLU())
    with pytest.raises(ModelError, match=r"\['weight'\] are dropped already"):
        weight_drop(module)
    with pytest.raises(SettingError, match="probability of dropping"):
        weight_drop(nn.Linear(3, 4), p=1.5)


def test_it_stands_behind_other_parametrizations() -> None:
    module = weight_drop(parametrizations.weight_norm(nn.Linear(3, 4)), p=1.0)

    assert torch.equal(_run(module), module.bias.expand(5, 2, 4))
    with pytest.raises(ModelError, match="other parametrizations besides"):
        remove_weight_drop(module)


def test_removing_where_nothing_drops_changes_nothing() -> None:
    module = parametrizations.weight_norm(nn.Linear(3, 4))

    assert remove_weight_drop(module) is module
    assert parametrize.is_parametrized(module)


def test_rows_are_dropped_whole() -> None:
    weight = WeightDrop(0.5, dims=(0,))(torch.ones(100, 7))

    assert ((weight == 0) == (weight[:, :1] == 0)).all()
