import math

import pytest

from torchdrop.training import Epoch, History


def _epoch(number: int, training: float, validation: float) -> Epoch:
    return Epoch(number, training + 0.1, training, validation, None, 2.0)


def test_the_best_epoch_has_the_lowest_validation_loss_and_is_the_earliest() -> None:
    history = History((_epoch(1, 1.0, 0.5), _epoch(2, 0.9, 0.3), _epoch(3, 0.8, 0.3)))

    assert history.best.number == 2


def test_the_gap_is_validation_minus_training_in_evaluation_mode() -> None:
    assert _epoch(1, 0.25, 1.0).gap == 0.75


def test_epochs_to_reach_counts_from_one() -> None:
    history = History((_epoch(1, 1.0, 0.5), _epoch(2, 0.5, 0.3)))

    assert history.epochs_to_reach(0.5) == 2
    assert history.epochs_to_reach(0.4) is None


def test_seconds_add_up() -> None:
    assert History((_epoch(1, 1.0, 0.5), _epoch(2, 0.5, 0.3))).seconds == 4.0


@pytest.mark.parametrize("bad", [math.nan, math.inf])
def test_a_loss_that_is_not_finite_is_divergence(bad: float) -> None:
    history = History((_epoch(1, 1.0, 0.5), _epoch(2, bad, bad)))

    assert history.diverged
    assert history.best.number == 1


def test_an_epoch_survives_text_for_numbers_that_json_lacks() -> None:
    content = {
        "number": 3,
        "noisy_training_loss": "nan",
        "training_loss": "inf",
        "validation_loss": 0.5,
        "validation_accuracy": None,
        "seconds": 1.0,
    }
    epoch = Epoch.from_dict(content)

    assert math.isnan(epoch.noisy_training_loss)
    assert (epoch.number, epoch.training_loss) == (3, math.inf)
    assert epoch.validation_accuracy is None
