"""The zoo itself, and the counter that the other claims rest on."""

import pickle
import random

import numpy as np
import pytest
import torch

from .draws import draws_of
from .entry import Entry
from .state import evaluated, same
from .zoo import ENTRIES, every_architecture

pytestmark = pytest.mark.slow


def test_there_are_enough_architectures() -> None:
    assert len({entry.name for entry in ENTRIES}) == len(ENTRIES) >= 60


@every_architecture
def test_evaluation_is_deterministic_and_draws_nothing(entry: Entry) -> None:
    model, inputs = entry.model(), entry.example()

    assert same(evaluated(model, inputs), evaluated(model, inputs))
    assert not draws_of(model.eval(), inputs)


@every_architecture
def test_evaluation_depends_on_the_inputs(entry: Entry) -> None:
    model, inputs = entry.model(), entry.example()
    others = {name: value.flip(-1).contiguous() for name, value in inputs.items()}

    assert not same(evaluated(model, inputs), evaluated(model, others))


@every_architecture
def test_nothing_random_escapes_the_counter(entry: Entry) -> None:
    model, inputs = entry.model(), entry.example()
    others = random.getstate(), pickle.dumps(np.random.get_state())
    before = torch.get_rng_state()
    drawn = draws_of(model, inputs)

    assert torch.equal(torch.get_rng_state(), before) == (not drawn)
    assert (random.getstate(), pickle.dumps(np.random.get_state())) == others
