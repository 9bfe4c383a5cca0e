import pytest
import torch

from torchdrop.errors import SettingError
from torchdrop.training import OPTIMIZERS, TrainingSettings


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"epochs": 0}, "epochs is at least 1; got 0"),
        ({"batch_size": -1}, "batch_size is at least 1; got -1"),
        ({"lr": 0.0}, "lr is a finite number above 0; got 0.0"),
        ({"lr": float("nan")}, "lr is a finite number above 0; got nan"),
        ({"max_norm": -2.0}, "max_norm is a finite number above 0; got -2.0"),
        ({"optimizer": "lion"}, "optimizer is one of adam, adamw, sgd; got 'lion'"),
    ],
)
def test_settings_out_of_range_are_refused(change: dict[str, object], message: str) -> None:
    with pytest.raises(SettingError, match=message):
        TrainingSettings(**change)  # type: ignore[arg-type]


@pytest.mark.parametrize("name", OPTIMIZERS)
def test_every_optimizer_is_built_with_the_learning_rate(name: str) -> None:
    weight = torch.nn.Parameter(torch.ones(2))
    optimizer = TrainingSettings(optimizer=name, lr=0.25).make_optimizer([weight])

    assert type(optimizer) is OPTIMIZERS[name]
    assert optimizer.param_groups[0]["lr"] == 0.25
