import copy

import pytest
import torch
from torch import Tensor, nn

import torchdrop.nn as ours
from torchdrop.modes import disable_, disabled, evaluating, is_frozen, release, training

from .cases import HardCoded, OursHardCoded, Recurrent, build, differs, example, modes


def _mixed() -> nn.Sequential:
    return nn.Sequential(nn.Dropout(0.1), Recurrent(), HardCoded(), nn.Flatten())


def test_batch_normalization_still_trains() -> None:
    norm = nn.BatchNorm1d(5)
    model = nn.Sequential(norm, nn.Dropout())
    with disabled(model):
        model(example())

    assert norm.num_batches_tracked is not None
    assert torch.equal(norm.num_batches_tracked, torch.tensor(1))


def test_train_inside_the_block_wakes_no_dropout_and_is_kept_after_it() -> None:
    model = _mixed().eval()
    with disabled(model):
        model.train()
        assert not differs(model)

    assert all(modes(model))


def test_blocks_inside_leave_the_mode_as_it_was() -> None:
    model = _mixed()
    with disabled(model):
        with evaluating(model), training(model):
            assert not differs(model)
        model[1].eval()

    assert modes(model) == [True, True, False, False, True, True]


def test_the_record_is_a_table_in_which_each_call_is_once() -> None:
    model = _mixed()
    with disabled(model) as record:
        model(example())
        model(example())
    lines = str(record).splitlines()

    assert len(record) == len(list(record)) == 3
    assert lines[0].split() == ["site", "what", "p", "result"]
    assert lines[1].split(maxsplit=3) == ["0", "Dropout", "0.1", "off by its mode"]
    assert lines[2].split(maxsplit=3) == ["1.lstm", "LSTM.dropout", "0.5", "rate set to 0"]
    assert lines[3].startswith("2 ")
    assert "cases.py:" in lines[3]
    assert lines[3].endswith("0.5  answered with p = 0")


def test_a_record_of_nothing_says_so() -> None:
    with disabled(nn.Linear(2, 2)) as record:
        pass

    assert str(record) == "No dropout to turn off."


def test_what_could_not_be_turned_off_is_named() -> None:
    model = OursHardCoded()
    with disabled(model) as record:
        assert differs(model)

    (left,) = record.left
    assert not record.off
    assert (left.what, left.p) == ("dropout()", 0.5)
    assert "left: torchdrop's function" in str(record)


def test_disable_names_what_it_could_not_turn_off() -> None:
    record = disable_(OursHardCoded(), example=example())
    (left,) = record.left

    assert not record.off
    assert left.result == "out of reach; pass training=False"


def test_disable_without_an_example_says_that_calls_were_not_looked_for() -> None:
    model = _mixed()
    record = disable_(model)

    assert [entry.what for entry in record] == ["Dropout", "LSTM.dropout"]
    assert [entry.result for entry in record.left] == [
        "functional calls were not looked for; give an example"
    ]
    assert differs(model)


def test_disable_keeps_modes_and_is_kept_by_copies() -> None:
    model = _mixed()
    disable_(model, example=example())
    copied = copy.deepcopy(model)

    assert all(modes(model))
    assert not differs(copied)


def test_disable_again_finds_nothing_and_adds_nothing() -> None:
    model = _mixed()
    disable_(model, example=example())
    hooks = [len(module._forward_hooks) for module in model.modules()]
    again = disable_(model, example=example())

    assert not again.off
    assert not again.left
    assert [len(module._forward_hooks) for module in model.modules()] == hooks


def test_a_hook_that_fails_before_ours_leaves_later_calls_alone() -> None:
    model = HardCoded()

    def fail(module: nn.Module, arguments: object) -> None:
        raise KeyError

    handle = model.register_forward_pre_hook(fail)
    disable_(HardCoded())
    handle.remove()
    disable_(model, example=example())
    model.register_forward_pre_hook(fail, prepend=True)
    with pytest.raises(KeyError):
        model(example())

    assert differs(HardCoded())


def test_a_failing_forward_leaves_later_calls_alone() -> None:
    model = HardCoded()
    disable_(model, example=example())
    with pytest.raises(TypeError):
        model()

    assert differs(HardCoded())


@pytest.mark.parametrize(
    "layer", [ours.ConcreteDropout(0.3), ours.VariationalDropout(0.3)], ids=type
)
def test_a_learned_rate_is_frozen(layer: nn.Module) -> None:
    model = nn.Sequential(layer)
    with disabled(model):
        assert not differs(model)
    assert differs(model)
    (entry,) = disable_(model)

    assert entry.result == "frozen"
    assert is_frozen(layer)
    assert not differs(model.train())
    assert differs(release(model).train())


def test_a_layer_shared_by_two_places_is_restored_once() -> None:
    drop = nn.Dropout()
    model = nn.Sequential(drop, nn.Linear(8, 8), drop)
    with disabled(model):
        assert not differs(model)

    assert drop.training
    assert differs(model)


def test_a_rate_in_a_config_comes_back() -> None:
    class Config:
        def __init__(self) -> None:
            self.attention_dropout = 0.5

    class Configured(nn.Module):
        def __init__(self, config: Config) -> None:
            super().__init__()
            self.config = config

        def forward(self, x: Tensor) -> Tensor:
            return torch.dropout(x, self.config.attention_dropout, self.training)

    config = Config()
    model = nn.Sequential(Configured(config), Configured(config))
    with disabled(model):
        assert config.attention_dropout == 0
        assert not differs(model)

    assert config.attention_dropout == 0.5
    assert differs(model)


def test_gradients_flow_through_a_recurrent_layer() -> None:
    """A layer put into evaluation mode would refuse backward on CUDA; its rate is set instead."""
    model = build("LSTM(num_layers=2, dropout=)")
    with disabled(model):
        assert all(module.training for module in model.modules())
        model(example()).sum().backward()

    assert all(p.grad is not None for p in model.parameters())


def test_a_copy_made_inside_stays_off_until_it_is_released() -> None:
    model = nn.Sequential(nn.Dropout())
    with disabled(model):
        copied = copy.deepcopy(model)

    assert differs(model)
    assert not differs(copied.train())
    assert differs(release(copied).train())
