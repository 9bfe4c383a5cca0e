from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import torch
from torch import nn

from torchdrop import networks
from torchdrop.data import load
from torchdrop.errors import ModelError, SettingError
from torchdrop.montecarlo import labeled, predict
from torchdrop.tuning import SavedModel, load_model, tune

QUICK: dict[str, Any] = {"p": [0.2], "seeds": 2, "epochs": 3, "lr": 0.01}


@pytest.fixture
def table(tmp_path: Path) -> Path:
    generator = np.random.default_rng(0)
    frame = pd.DataFrame({"size": generator.normal(50, 10, 120), "kind": list("ab") * 60})
    frame["price"] = 1000 * frame["size"] + np.where(frame["kind"] == "a", 5000, 0) + 0.5
    frame["label"] = np.where(frame["size"] > 50, "big", "small")
    frame.to_csv(tmp_path / "table.csv", index=False)
    return tmp_path / "table.csv"


def test_classes_come_with_probabilities_that_sum_to_one(table: Path, tmp_path: Path) -> None:
    data = load(str(table), target="label")
    tune(networks.MLP((data.shape[0], 8, 2)), data, **QUICK, out=tmp_path / "run")
    model = load_model(tmp_path / "run")
    predicted = model.predict(model.read(str(table)))

    assert list(predicted.columns) == ["prediction", "probability_big", "probability_small"]
    assert np.allclose(predicted.filter(like="probability").sum(axis=1), 1)
    assert set(predicted["prediction"]) <= {"big", "small"}


def test_predictions_are_those_of_the_chosen_network(table: Path, tmp_path: Path) -> None:
    """The test accuracy in the record is found again through the saved model."""
    data = load(str(table), target="label")
    result = tune(networks.MLP((data.shape[0], 8, 2)), data, **QUICK, out=tmp_path / "run")
    predicted = load_model(tmp_path / "run").predict(data.test.x)["prediction"]
    truth = [data.classes[int(y)] for y in data.test.y]

    assert np.mean([a == b for a, b in zip(predicted, truth, strict=True)]) == (
        result.chosen.test_accuracy
    )


def test_numbers_come_back_in_the_targets_own_unit(table: Path, tmp_path: Path) -> None:
    data = load(str(table), target="price")
    settings = {**QUICK, "epochs": 40}
    tune(networks.MLP((data.shape[0], 8, 1)), data, **settings, out=tmp_path / "run")
    model = load_model(tmp_path / "run")
    predicted = model.predict(model.read(str(table)))["prediction"]
    truth = pd.read_csv(table)["price"]

    assert np.corrcoef(predicted, truth)[0, 1] > 0.9
    assert abs(predicted.mean() / truth.mean() - 1) < 0.1


def test_a_loaded_network_is_in_evaluation_mode(table: Path, tmp_path: Path) -> None:
    data = load(str(table), target="label")
    tune(networks.MLP((data.shape[0], 8, 2)), data, **QUICK, out=tmp_path / "run")
    network = load_model(tmp_path / "run").network

    assert not any(module.training for module in network.modules())


def test_a_network_from_a_local_function_is_not_rebuilt(tmp_path: Path) -> None:
    x = torch.randn(60, 2)

    def build(p: float) -> nn.Module:
        return networks.mlp(2, 4, 2, p=p)

    tune(build, (x, (x[:, 0] > 0).long()), **QUICK, out=tmp_path / "run")
    with pytest.raises(ModelError, match="build, which cannot be imported"):
        load_model(tmp_path / "run")


def test_samples_of_a_regression_come_in_the_targets_unit(table: Path, tmp_path: Path) -> None:
    data = load(str(table), target="price")
    tune(networks.MLP((data.shape[0], 8, 1)), data, **QUICK, out=tmp_path / "run")
    saved = load_model(tmp_path / "run")
    model = replace(saved, network=nn.Sequential(nn.Dropout(0.2), saved.network))
    features = model.read(str(table))
    sampled, plain = model.sample(features, 400), model.predict(features)
    scale = float(saved.encoder.decode_target(torch.ones(1)))
    scale -= float(saved.encoder.decode_target(torch.zeros(1)))
    direct = predict(
        *(model.network, features, 400),
        task="regression",
        generator=torch.Generator().manual_seed(0),
    )

    assert list(sampled.columns) == ["prediction", "standard_deviation"]
    assert np.allclose(sampled["standard_deviation"], direct.variance.sqrt()[:, 0] * scale)
    assert sampled["prediction"].corr(plain["prediction"]) > 0.9
    with pytest.raises(SettingError, match="at least 2"):
        model.sample(features, 1)


def _dropping(table: Path, target: str, run: Path) -> SavedModel:
    """A quick run on a column, with dropout at the input so that it can be sampled."""
    data = load(str(table), target=target)
    tune(networks.MLP((data.shape[0], 8, data.outputs)), data, **QUICK, out=run)
    saved = load_model(run)
    return replace(saved, network=nn.Sequential(nn.Dropout(0.2), saved.network))


@pytest.mark.parametrize("target", ["label", "price"])
def test_targets_change_no_sample(table: Path, tmp_path: Path, target: str) -> None:
    model = _dropping(table, target, tmp_path / "run")
    features, targets = model.read_labeled(str(table))
    assert targets is not None
    holed = targets.clone()
    holed[:40] = -1 if model.classes else torch.nan
    bare, known, part = (
        model.sampled(features, 10, targets=given) for given in (None, targets, holed)
    )

    assert torch.equal(features, model.read(str(table)))
    for other in (known, part):
        assert torch.equal(other.mean, bare.mean)
        assert torch.equal(other.variance, bare.variance)
        assert model.table(other).equals(model.table(bare))
    assert (len(bare.curve), len(known.curve), len(part.curve)) == (0, 5, 5)
    assert part.kept is None
    assert len(labeled(part)) == len(features) - 40


def test_errors_of_a_regression_are_in_the_targets_unit(table: Path, tmp_path: Path) -> None:
    model = _dropping(table, "price", tmp_path / "run")
    features, targets = model.read_labeled(str(table))
    assert targets is not None
    prediction = model.sampled(features, 30, targets=targets)
    prices = pd.read_csv(table)["price"].to_numpy()
    plain = model.predict(features)["prediction"].to_numpy()
    mean = model.table(prediction)["prediction"].to_numpy()

    assert prediction.compare()[0].error == pytest.approx(((plain - prices) ** 2).mean() ** 0.5)
    assert prediction.compare()[-1].error == pytest.approx(((mean - prices) ** 2).mean() ** 0.5)


def test_a_given_tau_is_in_the_targets_unit_and_gives_intervals(
    table: Path, tmp_path: Path
) -> None:
    model = _dropping(table, "price", tmp_path / "run")
    features, targets = model.read_labeled(str(table))
    bare = model.sampled(features, 10, targets=targets)
    known = model.sampled(features, 10, targets=targets, tau=1e-6)
    _, high = known.interval(0.6826894921370859)  # one standard deviation

    assert np.isnan(bare.compare()[-1].log_likelihood)
    assert np.isfinite(known.compare()[-1].log_likelihood)
    assert torch.allclose(high - known.mean, (known.variance + 1e6).sqrt())
    with pytest.raises(SettingError, match="not known"):
        bare.interval()


def test_classes_have_no_tau(table: Path, tmp_path: Path) -> None:
    model = _dropping(table, "label", tmp_path / "run")
    with pytest.raises(SettingError, match="predicts classes"):
        model.sampled(model.read(str(table)), 10, tau=1.0)


def test_a_loaded_model_knows_what_it_was_trained_on(table: Path, tmp_path: Path) -> None:
    trained_on = _dropping(table, "price", tmp_path / "run").trained_on

    assert (trained_on.name, sum(trained_on.rows)) == ("table", 120)
