import copy
import io
import pickle

import pytest
import torch
from torch import nn

from torchdrop.errors import ModelError
from torchdrop.modes import evaluating, frozen, is_frozen, release, sampling, training


def _model() -> nn.Sequential:
    encoder = nn.Sequential(nn.Linear(3, 3), nn.BatchNorm1d(3), nn.Dropout())
    return nn.Sequential(encoder, nn.Dropout())


def _modes(model: nn.Module) -> list[bool]:
    return [module.training for module in model.modules()]


def test_nothing_that_train_is_called_on_wakes_a_frozen_part() -> None:
    model = _model()
    assert frozen(model[0]) is model[0]
    model.eval().train()
    model[0].train()
    for part in model.modules():
        part.train()

    assert _modes(model) == [True, False, False, False, False, True]


def test_a_part_put_in_later_is_frozen_by_the_next_train() -> None:
    model = _model()
    encoder = model[0]
    assert isinstance(encoder, nn.Sequential)
    frozen(encoder).append(nn.Dropout())
    model.train()

    assert not encoder[-1].training


def test_release_lets_the_next_train_through() -> None:
    model = _model()
    frozen(model[0])
    assert release(model) is model
    assert not model[0].training
    model.train()

    assert all(_modes(model))
    assert not any("train" in vars(module) for module in model.modules())


def test_frozen_twice_and_released_once_is_released() -> None:
    layer = frozen(frozen(nn.Dropout()))

    assert not is_frozen(release(layer))
    assert release(layer).train().training


def test_the_class_and_the_state_dict_stay() -> None:
    layer = frozen(nn.BatchNorm1d(3))

    assert type(layer) is nn.BatchNorm1d
    assert layer.state_dict().keys() == nn.BatchNorm1d(3).state_dict().keys()


@pytest.mark.parametrize("how", ["deepcopy", "pickle", "torch.save"])
def test_copies_are_frozen_and_do_not_hang_on_the_original(how: str) -> None:
    model = _model()
    frozen(model[0])
    if how == "deepcopy":
        copied = copy.deepcopy(model)
    elif how == "pickle":
        copied = pickle.loads(pickle.dumps(model))
    else:
        file = io.BytesIO()
        torch.save(model, file)
        file.seek(0)
        copied = torch.load(file, weights_only=False)
    before = _modes(copied)
    release(model).train()
    assert all(_modes(model))
    copied.train()

    assert _modes(copied) == before == [True, False, False, False, False, True]
    assert all(_modes(release(copied).train()))


@pytest.mark.parametrize("mode", [training, sampling])
def test_modes_leave_a_frozen_part_off(mode: type) -> None:
    model = _model()
    frozen(model[0])
    with mode(model):
        assert not any(_modes(model[0]))
        assert model[1].training


def test_freezing_inside_a_block_outlasts_it() -> None:
    model = _model()
    with evaluating(model):
        frozen(model[0])

    assert _modes(model) == [True, False, False, False, False, True]


def test_statistics_of_a_frozen_normalization_stay_in_training() -> None:
    norm = frozen(nn.BatchNorm1d(3))
    norm.train()(torch.randn(8, 3))

    assert int(norm.num_batches_tracked or 0) == 0


def test_sampling_says_that_all_dropout_is_frozen() -> None:
    model = frozen(nn.Sequential(nn.Dropout()))
    with pytest.raises(ModelError, match="1 that are kept off by frozen"), sampling(model):
        model(torch.ones(3))


def test_only_modules_are_frozen() -> None:
    with pytest.raises(ModelError, match="got list"):
        frozen([])  # type: ignore[type-var]
