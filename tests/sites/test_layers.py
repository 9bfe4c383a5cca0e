from typing import cast

import pytest
import torch
from torch import nn

import torchdrop.nn as ours
from torchdrop.sites import Site, find_sites, is_dropout

from .models import DropPath


def _only(model: nn.Module) -> Site:
    (site,) = find_sites(model)
    return site


def _compiled(model: nn.Module) -> nn.Module:
    return cast(nn.Module, torch.compile(model, backend="eager"))


@pytest.mark.parametrize(
    "kind",
    [
        nn.Dropout,
        nn.Dropout1d,
        nn.Dropout2d,
        nn.Dropout3d,
        nn.AlphaDropout,
        nn.FeatureAlphaDropout,
        ours.Dropout,
        ours.Dropout2d,
        ours.AlphaDropout,
        ours.DropPath,
        ours.LockedDropout,
        ours.Zoneout,
    ],
)
def test_each_dropout_layer_is_one_site(kind: type[nn.Module]) -> None:
    site = _only(nn.Sequential(nn.Linear(2, 2), kind(p=0.3)))

    assert (site.name, site.kind, site.what) == ("1", "module", kind.__name__)
    assert (site.p, site.attribute, site.follows_training) == (0.3, "p", True)


def test_a_subclass_is_a_site_whose_mode_only_a_run_can_tell() -> None:
    class MonteCarlo(nn.Dropout):
        def forward(self, input: torch.Tensor) -> torch.Tensor:
            return nn.functional.dropout(input, self.p, True)

    assert _only(MonteCarlo(0.3)).follows_training is None
    assert find_sites(MonteCarlo(0.3), torch.ones(9))[0].follows_training is False


def test_a_layer_of_another_package_is_told_by_its_name_and_rate() -> None:
    site = _only(DropPath(0.2))

    assert (site.p, site.attribute, site.follows_training) == (0.2, "drop_prob", None)


def test_a_network_with_drop_in_its_name_is_no_layer() -> None:
    class DropoutNet(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.p, self.linear = 0.5, nn.Linear(2, 2)

    assert not is_dropout(DropoutNet())
    assert find_sites(DropoutNet()) == ()


def test_learned_rates_are_read_but_have_no_attribute_to_set() -> None:
    for layer in (ours.ConcreteDropout(0.2), ours.VariationalDropout(0.2, features=3)):
        site = _only(layer)

        assert site.p == pytest.approx(0.2)
        assert site.attribute is None
    assert _only(ours.Standout(nn.Linear(2, 2))).p is None


def test_two_rates_of_a_layer_are_two_sites() -> None:
    cell = ours.ZoneoutCell(nn.LSTMCell(2, 2), 0.1, 0.5)
    layers = (cell, "p_cell"), (ours.VariationalGRU(2, 2, p=0.1, p_recurrent=0.5), "p_recurrent")
    for layer, other in layers:
        sites = find_sites(layer)

        assert [(site.attribute, site.p) for site in sites] == [("p", 0.1), (other, 0.5)]
        assert sites[1].what.endswith(f".{other}")


def test_a_dropped_weight_is_a_site() -> None:
    site = _only(ours.weight_drop(nn.LSTM(2, 2), p=0.4))

    assert (site.what, site.p, site.attribute) == ("WeightDrop", 0.4, "p")
    assert site.name == "parametrizations.weight_hh_l0.0"


def test_a_scheduled_rate_that_lies_in_a_buffer_is_read() -> None:
    layer = ours.Dropout(0.3)
    del layer.p
    layer.register_buffer("p", torch.tensor(0.25))

    assert (_only(layer).p, _only(layer).attribute) == (0.25, "p")


def test_a_layer_used_twice_is_one_site() -> None:
    shared = nn.Dropout(0.1)

    assert _only(nn.Sequential(shared, nn.Linear(2, 2), shared)).name == "0"


def test_names_lead_to_the_module() -> None:
    model = nn.ModuleDict({"a": nn.Sequential(nn.Dropout()), "b": nn.TransformerEncoderLayer(4, 2)})
    sites = find_sites(model)

    assert sites[0].name == "a.0"
    assert all(model.get_submodule(site.name) is site.module for site in sites)


def test_compiling_changes_no_name() -> None:
    model = nn.Sequential(nn.Linear(2, 2), nn.Dropout(0.5))
    parts = nn.Sequential(nn.Linear(2, 2), _compiled(nn.Sequential(nn.Dropout(0.5))))

    assert [site.name for site in find_sites(_compiled(model))] == ["1"]
    assert [site.name for site in find_sites(parts)] == ["1.0"]


def test_the_prefix_of_a_wrapper_stays() -> None:
    wrapped = nn.DataParallel(nn.Sequential(nn.Dropout(0.5)))

    assert _only(wrapped).name == "module.0"


def test_neighbors_in_a_sequential_are_known_without_a_run() -> None:
    inner = nn.Sequential(nn.ReLU(), nn.Dropout(0.5))
    model = nn.Sequential(nn.Linear(2, 2), inner, nn.Linear(2, 2), nn.Dropout())
    first, last = find_sites(model)

    assert (first.before, first.after) == ("1.0 (ReLU)", "2 (Linear)")
    assert (last.before, last.after) == ("2 (Linear)", None)


def test_a_record_is_plain_data_but_for_its_module() -> None:
    site = _only(nn.Dropout(0.5))

    assert site.to_dict()["p"] == 0.5
    assert "module" not in site.to_dict()
    assert site == _only(nn.Dropout(0.5))
