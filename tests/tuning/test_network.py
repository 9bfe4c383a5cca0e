from typing import Any

import pytest
import torch
from torch import Tensor, nn

from torchdrop import networks
from torchdrop.data import Dataset, from_arrays
from torchdrop.errors import ModelError
from torchdrop.nn import Dropout
from torchdrop.tuning._network import check_network, describe, import_factory, rebuild


@pytest.mark.parametrize("fuse", [False, True])
def test_a_recipe_is_described_and_rebuilt(fuse: bool) -> None:
    recipe = networks.MLP((4, 3, 2), "relu", fuse)

    assert rebuild(describe(recipe)) == recipe


def test_a_description_from_before_fusion_is_rebuilt() -> None:
    description = {"kind": "mlp", "widths": [4, 3, 2], "activation": "relu"}

    assert rebuild(description) == networks.MLP((4, 3, 2), "relu")


def test_a_function_at_the_top_of_a_module_is_found_again() -> None:
    factory: Any = networks.mlp

    assert describe(factory) == {"kind": "callable", "name": "torchdrop.networks:mlp"}
    assert rebuild(describe(factory)) is factory


def test_a_local_function_cannot_be_rebuilt() -> None:
    description = describe(lambda p: nn.Linear(1, 1))

    assert description["kind"] == "local"
    with pytest.raises(ModelError, match="cannot be imported"):
        rebuild(description)


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("just_a_name", "given as package.module:callable; got 'just_a_name'"),
        ("no_such_module_at_all:build", "no_such_module_at_all cannot be imported"),
        ("torchdrop.networks:nothing", "has no callable named nothing"),
        ("torchdrop.networks:__name__", "has no callable named __name__"),
    ],
)
def test_a_model_that_cannot_be_imported_is_refused(name: str, message: str) -> None:
    with pytest.raises(ModelError, match=message):
        import_factory(name)


class _Double(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.inner = nn.Linear(2, 3)

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
        return self.inner(x), x


@pytest.mark.parametrize(
    ("factory", "message"),
    [
        (lambda p: "text", "returns a torch.nn.Module; got str"),
        (Dropout, "no parameters to train"),
        (
            lambda p: networks.mlp(5, 4, 3, p=p),
            r"does not fit the data, whose rows have shape \(2,\)",
        ),
        (lambda p: networks.mlp(2, 4, 7, p=p), r"3 classes, wanted shape \(8, 3\); got \(8, 7\)"),
        (lambda p: networks.mlp(2, 4, 3, p=0), "drops nothing: two passes in training mode"),
        (lambda p: _Double(), "must return one tensor; got tuple"),
    ],
)
def test_a_network_that_cannot_be_tuned_is_refused(
    small_data: Dataset, factory: object, message: str
) -> None:
    with pytest.raises(ModelError, match=message):
        check_network(factory, small_data, 0.5)  # type: ignore[arg-type]


def test_regression_takes_a_column_or_a_vector() -> None:
    data = from_arrays(torch.randn(40, 2), torch.randn(40))
    check_network(lambda p: networks.mlp(2, 4, 1, p=p), data, 0.5)
    flat = check_network(
        lambda p: nn.Sequential(networks.mlp(2, 4, 1, p=p), nn.Flatten(0)), data, 0.5
    )

    assert isinstance(flat, nn.Module)
    with pytest.raises(ModelError, match=r"target value, wanted shape \(8, 1\) or \(8,\)"):
        check_network(lambda p: networks.mlp(2, 4, 2, p=p), data, 0.5)


def test_the_check_leaves_the_global_generator_alone(small_data: Dataset) -> None:
    torch.manual_seed(0)
    before = torch.get_rng_state()
    check_network(networks.MLP((2, 4, 3)), small_data, 0.5)

    assert torch.equal(torch.get_rng_state(), before)
