"""Modes on models that something is wrapped around."""

import copy
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import torch
import torch.distributed as dist
from torch import Tensor, nn
from torch.distributed.device_mesh import init_device_mesh
from torch.distributed.fsdp import fully_shard
from torch.nn.parallel import DistributedDataParallel

from torchdrop.errors import ModeError
from torchdrop.modes import (
    disable_,
    disabled,
    evaluating,
    frozen,
    release,
    same_masks,
    sampling,
    training,
)

from .cases import HardCoded, Recurrent, differs, example

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::UserWarning")


@pytest.fixture(autouse=True)
def _group(tmp_path: Path) -> Iterator[None]:
    dist.init_process_group("gloo", init_method=f"file://{tmp_path}/s", rank=0, world_size=1)
    yield
    dist.destroy_process_group()
    torch.compiler.reset()


def _model() -> nn.Sequential:
    torch.manual_seed(0)
    norm = nn.Sequential(nn.BatchNorm1d(5), nn.Dropout(0.5)).train()
    norm[0].eval()
    return nn.Sequential(nn.Linear(8, 8), norm, Recurrent())


def _shard(model: nn.Module) -> nn.Module:
    fully_shard(model, mesh=init_device_mesh("cpu", (1,)))
    return model


def _compile_inside(model: nn.Module) -> nn.Module:
    model.compile(backend="eager")
    return model


WRAPPERS: dict[str, Callable[[nn.Module], Any]] = {
    "compiled": lambda model: torch.compile(model, backend="eager"),
    "compiled in place": _compile_inside,
    "ddp": DistributedDataParallel,
    "ddp of compiled": lambda m: DistributedDataParallel(torch.compile(m, backend="eager")),
    "fsdp": _shard,
    "data parallel": nn.DataParallel,
}


@pytest.fixture(params=WRAPPERS)
def wrap(request: pytest.FixtureRequest) -> Callable[[nn.Module], Any]:
    return WRAPPERS[request.param]


def _modes(model: nn.Module) -> list[bool]:
    return [module.training for module in model.modules()]


@pytest.mark.parametrize("mode", [evaluating, training, sampling, disabled])
def test_every_module_is_restored(wrap: Callable[[nn.Module], Any], mode: Any) -> None:
    model = wrap(_model())
    model(example())
    before = _modes(model)
    with mode(model):
        model(example())

    assert _modes(model) == before


def test_evaluation_is_that_of_the_bare_model(wrap: Callable[[nn.Module], Any]) -> None:
    bare = _model()
    expected = copy.deepcopy(bare).eval()(example())
    model = wrap(bare)
    model(example())
    with evaluating(model, check=True):
        torch.testing.assert_close(model(example()), expected)


def test_each_mode_does_what_it_says(wrap: Callable[[nn.Module], Any]) -> None:
    model = wrap(_model())
    assert differs(model)
    with same_masks(model, 0):
        assert not differs(model)
    with disabled(model):
        assert not differs(model)
    with sampling(model):
        assert differs(model)
    with evaluating(model):
        assert not differs(model)
    assert differs(model)


def test_calls_inside_the_wrapper_are_reached(wrap: Callable[[nn.Module], Any]) -> None:
    model = wrap(nn.Sequential(nn.Linear(8, 8), HardCoded()))
    assert differs(model)
    with disabled(model) as record:
        assert not differs(model)
    (entry,) = record
    assert entry.site.endswith("1")
    with pytest.raises(ModeError, match="HardCoded"), evaluating(model, check=True):
        model(example())
    assert differs(model)


def test_a_wrapped_model_stays_frozen(wrap: Callable[[nn.Module], Any]) -> None:
    model = wrap(_model())
    frozen(model)
    model.train()
    assert not differs(model)
    release(model)
    model.train()
    assert differs(model)


def test_a_disabled_model_can_be_wrapped(wrap: Callable[[nn.Module], Any]) -> None:
    bare = nn.Sequential(nn.Linear(8, 8), HardCoded(), nn.Dropout())
    disable_(bare, example=example())
    model = wrap(bare)

    assert not differs(model)


def test_gradients_reach_a_distributed_model_inside_a_block() -> None:
    model = DistributedDataParallel(_model())
    with disabled(model), training(model):
        model(example()).sum().backward()

    assert all(p.grad is not None for p in model.parameters())


def test_torchscript_is_switched_too() -> None:
    scripted = torch.jit.script(nn.Sequential(nn.Linear(8, 8), nn.Dropout()))
    with evaluating(scripted):
        assert not differs(scripted)

    assert differs(scripted)


def test_an_exported_program_that_refuses_modes_is_left_alone() -> None:
    class One(nn.Module):
        def forward(self, x: Tensor) -> Tensor:
            return x + 1

    program = torch.export.export(One(), (torch.zeros(2),)).module()
    before = _modes(program)
    with pytest.raises(NotImplementedError), evaluating(program):
        pass

    assert _modes(program) == before
