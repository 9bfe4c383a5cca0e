"""The pieces of the comparison, and the command on settings of a second, in the gate."""

import math
import shlex
from collections.abc import Sequence

import pytest
import torch
from torch import nn

from torchdrop.nn import ThinnedSequential
from torchdrop.optim import ThinAdamW
from torchdrop.training import Epoch, History, TrainingSettings

from .thin_quality import Run, Setting, choose, contestants, main, read, train


def _run(losses: Sequence[float]) -> Run:
    """A run of one second per epoch."""
    epochs = tuple(Epoch(i, x, x, x, 0.9, 1.0) for i, x in enumerate(losses, start=1))
    return Run(nn.Linear(1, 1), History(epochs), {})


def test_the_best_epoch_is_of_those_finished_in_time() -> None:
    run = _run([0.5, 0.3, 0.4, 0.2, math.nan])

    assert [run.reached(seconds) for seconds in (0.9, 1.0, 2.5, 3.0, 4.0)] == [0, 1, 2, 2, 4]
    assert run.reached() == 4


def test_the_lowest_mean_is_chosen_and_never_one_that_diverged() -> None:
    low, high, wild = Setting(0.1, 0.01), Setting(0.3, 0.01), Setting(0.2, 0.01)
    choice = choose({low: [0.2, 0.6], wild: [0.0, math.inf], high: [0.3, 0.3]})

    assert (choice.best, choice.loss, choice.edges) == (high, 0.3, "p")
    with pytest.raises(RuntimeError, match="Every setting diverged"):
        choose({wild: [math.inf]})


def test_kept_weights_are_those_of_the_epoch() -> None:
    data, epochs = read("digits", None, 200), 4
    factory = contestants((64, 16, 10), [1])["thinned, 1 group"]
    run = train(factory, data, TrainingSettings(epochs), Setting(0.5, 0.01), 0)

    assert type(run.model) is ThinnedSequential
    assert run.reached() == run.history.best.number
    for number in set(run.weights) - {0}:
        loss = run.history.epochs[number - 1].validation_loss
        assert run.score(data.validation, number).loss == pytest.approx(loss, rel=1e-6)


def test_contestants_of_a_seed_start_from_the_same_weights() -> None:
    data, settings = read("digits", None, 100), TrainingSettings(1)
    factories = contestants((64, 16, 10), [1, 2], thin_optimizer=True)
    runs = [train(f, data, settings, Setting(0.3, 0.01), 5) for f in factories.values()]

    assert all(torch.equal(r.weights[0]["0.weight"], runs[0].weights[0]["0.weight"]) for r in runs)


def test_the_thin_optimizer_is_used_where_it_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    made: list[str] = []

    def make(model: nn.Module, lr: float, weight_decay: float) -> ThinAdamW:
        made.append(f"{lr} {weight_decay}")
        return ThinAdamW(model, lr, weight_decay=weight_decay)

    monkeypatch.setattr("tests.long.thin_quality.ThinAdamW", make)
    data = read("digits", None, 100)
    for factory in contestants((64, 16, 10), [1], thin_optimizer=True).values():
        train(factory, data, TrainingSettings(1), Setting(0.3, 0.01), 0)

    assert made == ["0.01 0.0"]


def test_the_command_prints_its_tables_and_its_progress(capsys: pytest.CaptureFixture[str]) -> None:
    tiny = "--rows 200 --hidden 16 --groups 1 2 --p 0.2 --lr 0.01 --epochs 1"
    main(shlex.split(f"{tiny} --selection-seeds 1 --seeds 1"))
    out, err = capsys.readouterr()
    rows = [line for line in out.splitlines() if line.startswith("| thinned, 2 groups |")]

    assert "digits: 200 training, 200 validation, 1,797 test rows; 64-16-10" in out
    assert len(rows) == 3
    assert [line.split()[0] for line in err.splitlines()] == [f"[{i}/8]" for i in range(1, 9)]
