"""Temperatures: found by another search, recovered from known ones, refused where none is best."""

import json
import math

import pytest
import torch
from scipy.optimize import minimize_scalar
from torch import Tensor
from torch.nn import functional as F

from torchdrop.errors import DataError, SettingError
from torchdrop.montecarlo import Of, calibration, temperature

from .predictions import prediction, random_prediction, random_samples, regression


def _loss(logits: Tensor, targets: Tensor, log_temperature: float) -> float:
    return float(F.cross_entropy(logits / math.exp(log_temperature), targets))


@pytest.mark.parametrize("of", ["mean", "weight_scaling"])
def test_no_other_temperature_has_a_higher_likelihood(of: Of) -> None:
    made = random_prediction()
    assert made.targets is not None
    logits = (made.mean if of == "mean" else made.weight_scaling).log()
    fitted = temperature(made, of=of)
    search = minimize_scalar(
        lambda t: _loss(logits, made.targets, t), bounds=(-4, 4), method="bounded"
    )

    assert math.log(fitted.temperature) == pytest.approx(float(search.x), abs=1e-4)
    assert -fitted.after <= float(search.fun) + 1e-14
    assert fitted.after > fitted.before
    assert fitted.before == pytest.approx(calibration(made, of=of).log_likelihood)
    applied = calibration(fitted.apply(made), made.targets)
    assert fitted.after == pytest.approx(applied.log_likelihood)


def test_a_known_temperature_is_found_again() -> None:
    """Targets are drawn at 2.5; the bound is of a maximum-likelihood estimate."""
    generator = torch.Generator().manual_seed(0)
    n = 20_000
    logits = 4 * torch.randn(n, 5, generator=generator, dtype=torch.float64)
    drawn = (logits / 2.5).softmax(1)
    targets = torch.multinomial(drawn, 1, generator=generator).squeeze(1)
    information = ((drawn * logits**2).sum(1) - (drawn * logits).sum(1) ** 2).sum()
    fitted = temperature(logits, targets)

    assert abs(1 / fitted.temperature - 1 / 2.5) < 5 / math.sqrt(float(information))
    assert calibration(fitted.apply(logits), targets).ece < calibration(drawn, targets).ece + 0.01
    assert fitted.rows == n


def test_weight_scaling_gives_the_temperature_of_the_models_own_logits() -> None:
    logits = 3 * torch.randn(50, 4, generator=torch.Generator().manual_seed(1)).double()
    targets = torch.arange(50) % 4
    targets[:30] = logits[:30].argmax(1)
    made = prediction(logits.softmax(1).expand(3, 50, 4), targets)
    by_logits, by_prediction = temperature(logits, targets), temperature(made, of="weight_scaling")

    assert by_logits.temperature == pytest.approx(by_prediction.temperature, rel=1e-9)
    assert torch.allclose(by_logits.apply(logits), by_prediction.apply(made))


def test_the_classes_stay_the_same() -> None:
    made = random_prediction()
    fitted = temperature(made)

    assert fitted.temperature != pytest.approx(1, abs=0.01)
    assert torch.equal(fitted.apply(made).argmax(1), made.classes)


def test_probabilities_of_zero_are_scaled_too() -> None:
    values = torch.tensor([[1.0, 0.0]] * 4 + [[0.7, 0.3]] * 4).double()
    made = prediction(values.expand(2, 8, 2), torch.tensor([0, 0, 0, 1, 0, 0, 0, 1]))
    fitted = temperature(made)

    assert fitted.temperature > 10
    assert torch.isfinite(fitted.apply(made)).all()


def test_data_without_a_best_temperature_are_refused() -> None:
    logits = torch.tensor([[2.0, 0.0], [1.0, 3.0], [0.0, 0.5]])
    with pytest.raises(DataError, match="every row is right"):
        temperature(logits, torch.tensor([0, 1, 1]))
    with pytest.raises(DataError, match="no temperature beats equal probabilities"):
        temperature(logits, torch.tensor([1, 0, 0]))


def test_what_are_no_logits_is_refused() -> None:
    made = random_prediction(10)
    with pytest.raises(DataError, match="these are probabilities"):
        temperature(made.mean, made.targets)
    with pytest.raises(DataError, match="1 not finite"):
        temperature(torch.tensor([[0.0, math.inf]]), torch.tensor([0]))
    with pytest.raises(DataError, match="no targets"):
        temperature(prediction(random_samples(3, 4, 2)))
    with pytest.raises(SettingError, match="for a classification"):
        temperature(regression())
    with pytest.raises(SettingError, match="was fitted to logits"):
        temperature(made.mean.log(), made.targets).apply(made)


def test_the_record_is_json() -> None:
    fitted = temperature(random_prediction(), of="weight_scaling")
    read = json.loads(json.dumps(fitted.to_dict()))

    assert (read["of"], read["temperature"]) == ("weight_scaling", fitted.temperature)
