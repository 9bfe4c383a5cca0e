"""The pieces of `tests.long.audit_damage`, and the command on settings of a second, in the gate."""

import shlex

import pytest
import torch

from tests.long.audit_damage import Price, main, price, score, train
from tests.long.damage_cases import FUNCTIONAL, GOOD, MISTAKES, Mistake, in_training
from torchdrop.audit import rule
from torchdrop.data import load
from torchdrop.training import Score, TrainingSettings

BY_RULE = {mistake.rule: mistake for mistake in MISTAKES}


@pytest.mark.parametrize("mistake", MISTAKES, ids=lambda mistake: mistake.rule)
def test_twins_of_a_seed_start_from_the_same_weights(mistake: Mistake) -> None:
    begin = []
    for twin in (mistake.broken, mistake.mended):
        torch.manual_seed(1)
        begin.append(list(twin.build().state_dict().values()))

    assert all(torch.equal(a, b) for a, b in zip(*begin, strict=True))


def test_every_mistake_has_a_rule_of_its_own() -> None:
    assert list(BY_RULE) == sorted(BY_RULE)
    assert len(BY_RULE) == len(MISTAKES)
    assert [name for name in BY_RULE if rule(name) is None] == []


def test_a_mistake_in_measuring_alone_leaves_training_as_it_is() -> None:
    data, settings = load("digits").flattened(), TrainingSettings(1)
    always_on = BY_RULE["DRP101"].broken
    networks = [train(twin, data, settings, 3) for twin in (always_on, FUNCTIONAL)]
    weights = [list(network.state_dict().values()) for network in networks]

    assert all(torch.equal(a, b) for a, b in zip(*weights, strict=True))
    assert in_training(networks[1], data.test).loss > GOOD.measure(networks[1], data.test).loss


def test_twins_that_are_shared_are_trained_once() -> None:
    data, settings = load("digits").flattened(), TrainingSettings(1)
    first, second = price([BY_RULE["DRP201"], BY_RULE["DRP203"]], data, settings, 1, print)

    assert first.mended is second.mended
    assert first.mended == (score(GOOD, data, settings, 0),)


def test_differences_are_paired_by_seed() -> None:
    broken, mended = (Score(2.0, 0.5), Score(3.0, 0.6)), (Score(1.0, 0.7), Score(2.0, 0.8))
    cells = Price(MISTAKES[0], broken, mended).row[2:]

    assert cells == ["55.00 / 75.00", *cells[1:2], "2.500 / 1.500", "+1.000 (+1.000 to +1.000)"]
    assert cells[1].startswith("-20.00 (")


def test_the_command_prints_the_same_table_again(capsys: pytest.CaptureFixture[str]) -> None:
    words = shlex.split("--epochs 1 --seeds 2 --repeats 2 --rules DRP101 DRP104")
    main(words)
    first = capsys.readouterr()
    main(words)

    assert capsys.readouterr().out == first.out
    assert [line.split(" | ")[1] for line in first.out.splitlines() if "DRP" in line] == [
        "DRP101",
        "DRP104",
    ]
    assert first.err.splitlines() == ["[1/2] DRP101", "[2/2] DRP104"]
