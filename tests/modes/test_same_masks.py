import copy
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file, save_file
from torch import Tensor, nn
from torch.utils.checkpoint import checkpoint

from torchdrop.errors import ModelError, SettingError
from torchdrop.functional import dropout
from torchdrop.modes import load_rng_state, rng_state, same_masks
from torchdrop.nn import Dropout as OurDropout

from .cases import CASES, build, differs, example


class Own(nn.Module):
    """Draws from a generator of its own."""

    def __init__(self, seed: int = 0) -> None:
        super().__init__()
        self.generator = torch.Generator().manual_seed(seed)

    def forward(self, x: Tensor) -> Tensor:
        return dropout(x, 0.5, training=self.training, generator=self.generator)


@pytest.mark.parametrize("name", CASES)
def test_every_forward_inside_has_the_same_masks(name: str) -> None:
    model = build(name).train()
    with same_masks(model, 0):
        assert not differs(model)

    assert differs(model)


def test_seeds_give_different_masks() -> None:
    model, x = nn.Dropout(), torch.ones(1000)
    with same_masks(model, 0):
        first = model(x)
    with same_masks(model, 1):
        second = model(x)

    assert not torch.equal(first, second)


@pytest.mark.parametrize("layer", [nn.Dropout(), OurDropout(), Own()], ids=type)
def test_what_is_drawn_outside_of_forwards_is_what_it_would_have_been(layer: nn.Module) -> None:
    model, x = nn.Sequential(layer, Own(4)), torch.ones(100)
    torch.manual_seed(5)
    state = rng_state(model)
    expected = torch.rand(2)
    after = model(x)
    load_rng_state(model, state)
    with same_masks(model, 0):
        first = torch.rand(1)
        model(x)
        second = torch.rand(1)

    assert torch.equal(torch.cat([first, second]), expected)
    assert torch.equal(model(x), after)


def test_layers_with_generators_of_their_own_do_not_share_a_mask() -> None:
    model = nn.ModuleList([Own(), Own()])

    class Two(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.layers = model

        def forward(self, x: Tensor) -> list[Tensor]:
            return [layer(x) for layer in self.layers]

    two = Two()
    with same_masks(two, 0):
        first, second = two(torch.ones(1000))

    assert not torch.equal(first, second)


def test_the_innermost_block_decides_and_the_generator_comes_back() -> None:
    model, x = nn.Dropout(), torch.ones(1000)
    with same_masks(model, 1):
        one = model(x)
    torch.manual_seed(7)
    expected = torch.rand(1)
    torch.manual_seed(7)
    with same_masks(model, 0):
        with same_masks(model, 1):
            assert torch.equal(model(x), one)
        assert not torch.equal(model(x), one)

    assert torch.equal(torch.rand(1), expected)


def test_a_forward_that_fails_puts_the_generator_back() -> None:
    model = nn.Sequential(nn.Dropout(), nn.Linear(3, 3))
    torch.manual_seed(7)
    expected = torch.rand(1)
    torch.manual_seed(7)
    with same_masks(model, 0):
        with pytest.raises(RuntimeError):
            model(torch.ones(2, 4))
        assert torch.equal(torch.rand(1), expected)


def test_a_model_that_calls_itself_draws_on() -> None:
    class Twice(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.drop = nn.Dropout()

        def forward(self, x: Tensor, again: bool = True) -> list[Tensor]:
            return [self.drop(x), *(self(x, False) if again else [])]

    model = Twice()
    with same_masks(model, 0):
        first, second = model(torch.ones(1000))

    assert not torch.equal(first, second)


def test_a_checkpoint_recomputes_with_the_same_mask() -> None:
    class Checkpointed(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.drop = nn.Dropout()

        def forward(self, x: Tensor) -> Tensor:
            y: Tensor = checkpoint(self.drop, x, use_reentrant=False)
            return y

    x = torch.ones(1000, requires_grad=True)
    model = Checkpointed()
    with same_masks(model, 0):
        y = model(x)
    y.sum().backward()

    assert x.grad is not None
    assert torch.equal(x.grad, y.detach())


def test_threads_take_turns() -> None:
    model, x = nn.Sequential(nn.Dropout(), nn.Dropout()), torch.ones(20_000)
    with same_masks(model, 0), ThreadPoolExecutor(4) as pool:
        outputs = list(pool.map(lambda _: model(x), range(40)))

    assert all(torch.equal(y, outputs[0]) for y in outputs)


def test_a_seed_is_in_range() -> None:
    with pytest.raises(SettingError, match="seed=-1"):
        same_masks(nn.Dropout(), -1)


def test_a_resumed_run_draws_the_masks_that_it_would_have_drawn(tmp_path: Path) -> None:
    model, x = nn.Sequential(nn.Dropout(), OurDropout(), Own()), torch.ones(10_000)
    model(x)
    state = rng_state(model)
    save_file(state, tmp_path / "rng.safetensors")
    torch.save(state, tmp_path / "rng.pt")
    expected = [model(x), model(x)]

    for loaded in (
        load_file(tmp_path / "rng.safetensors"),
        torch.load(tmp_path / "rng.pt", weights_only=True),
    ):
        resumed = nn.Sequential(nn.Dropout(), OurDropout(), Own(99))
        load_rng_state(resumed, loaded)
        assert all(torch.equal(resumed(x), y) for y in expected)


def test_a_state_is_not_changed_by_what_is_drawn_later() -> None:
    state = rng_state(Own())
    before = {name: tensor.clone() for name, tensor in state.items()}
    nn.Dropout()(torch.ones(100))

    assert state.keys() == {"cpu", "generator"}
    assert all(torch.equal(state[name], before[name]) for name in state)


def test_a_state_of_other_generators_is_refused_and_nothing_changes() -> None:
    state = rng_state(nn.Dropout())
    torch.rand(1)
    before = torch.get_rng_state()
    with pytest.raises(ModelError, match=r"\['cpu', '0.generator'\]|\['0.generator', 'cpu'\]"):
        load_rng_state(nn.Sequential(Own()), state)

    assert torch.equal(torch.get_rng_state(), before)


def test_meta_parameters_draw_nothing() -> None:
    assert rng_state(nn.Linear(2, 2, device="meta")).keys() == {"cpu"}


def test_masks_of_an_example_repeat_under_one_seed_only_inside() -> None:
    model = nn.Dropout()
    with same_masks(model, 0):
        first = model(example())

    assert not torch.equal(model(example()), first)


def test_a_copy_made_inside_is_free_after_the_block() -> None:
    model = nn.Sequential(nn.Dropout())
    with same_masks(model, 0):
        copied = copy.deepcopy(model)
        assert not differs(copied)

    assert differs(copied)
