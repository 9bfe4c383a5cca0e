"""Every mode over every way of dropping."""

import pytest
import torch

from torchdrop.errors import ModeError
from torchdrop.modes import disable_, disabled, evaluating, sampling

from .cases import CASES, LIVE, STUBBORN, build, differs, example, modes


@pytest.mark.parametrize("name", CASES)
def test_every_case_drops_in_training_and_eval_alone_misses_the_live_ones(name: str) -> None:
    model = build(name).train()

    assert differs(model)
    assert differs(model.eval()) == (name in LIVE)


@pytest.mark.parametrize("given", [False, True], ids=["blind", "example"])
@pytest.mark.parametrize("name", CASES)
def test_sampling_drops_and_restores(name: str, given: bool) -> None:
    model = build(name).train()
    before = modes(model)
    with sampling(model, example=example() if given else None):
        assert differs(model)

    assert modes(model) == before


@pytest.mark.parametrize("name", CASES)
def test_sampling_moves_no_statistics(name: str) -> None:
    model = build(name).train()
    before = [buffer.clone() for buffer in model.buffers()]
    with sampling(model, example=example()):
        model(example())

    assert all(torch.equal(a, b) for a, b in zip(before, model.buffers(), strict=True))


@pytest.mark.parametrize("name", ["BatchNorm1d and Dropout", "F.batch_norm and F.dropout"])
def test_statistics_do_move_in_training(name: str) -> None:
    model = build(name).train()
    before = [buffer.clone() for buffer in model.buffers()]
    model(example())

    assert not all(torch.equal(a, b) for a, b in zip(before, model.buffers(), strict=True))


@pytest.mark.parametrize("mode", [True, False], ids=["train", "eval"])
@pytest.mark.parametrize("name", CASES)
def test_disabled_drops_nothing_in_either_mode_and_restores(name: str, mode: bool) -> None:
    model = build(name).train(mode)
    before = modes(model)
    drops = differs(model)
    with disabled(model) as record:
        assert differs(model) == (name == STUBBORN)

    assert modes(model) == before
    assert differs(model) == drops == (mode or name in LIVE)
    assert record.off or not drops or name == STUBBORN
    assert bool(record.left) == (name == STUBBORN)


@pytest.mark.parametrize("name", CASES)
def test_disable_turns_off_for_good(name: str) -> None:
    model = build(name).train()
    record = disable_(model, example=example())

    assert differs(model) == (name == STUBBORN)
    assert differs(model.eval().train()) == (name == STUBBORN)
    assert bool(record.off) == (name != STUBBORN)
    assert bool(record.left) == (name == STUBBORN)


@pytest.mark.parametrize("name", [name for name in CASES if name not in LIVE])
def test_a_check_passes_where_evaluation_drops_nothing(name: str) -> None:
    model = build(name).train()
    before = modes(model)
    with evaluating(model, check=True):
        model(example())
    with evaluating(model, check=True, example=example()):
        pass

    assert modes(model) == before


@pytest.mark.parametrize("name", sorted(LIVE))
def test_a_check_fails_where_evaluation_drops(name: str) -> None:
    model = build(name).train()
    before = modes(model)
    with pytest.raises(ModeError, match="still drops in evaluation"), evaluating(model, check=True):
        model(example())
    with (
        pytest.raises(ModeError, match="still drops in evaluation"),
        evaluating(model, check=True, example=example()),
    ):
        pass

    assert modes(model) == before


@pytest.mark.parametrize("name", [n for n in CASES if "atch" not in n and n != STUBBORN])
def test_disabled_gives_what_evaluation_gives(name: str) -> None:
    """Where no batch normalization tells the modes apart."""
    model, x = build(name).train(), example()
    with disabled(model):
        trained = model(x)
        model.eval()
        evaluated = model(x)

    torch.testing.assert_close(trained, evaluated)
