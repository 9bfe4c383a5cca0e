import random
import re
from collections import UserDict
from typing import Any, cast

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from torch import Tensor, nn

import torchdrop.functional as our
import torchdrop.nn as ours
from torchdrop.errors import ModelError, SettingError
from torchdrop.sites import find_sites, remarks

from .models import Busy, DropPath, Fresh, Functional, Listed, Unused

X = torch.randn(64, 8, generator=torch.Generator().manual_seed(0))


def test_functional_calls_are_found_with_their_line_and_their_mode() -> None:
    follows, always = find_sites(Functional(), X)

    assert (follows.kind, follows.what, follows.p, follows.rate) == (
        "call",
        "dropout()",
        0.25,
        0.25,
    )
    assert (follows.follows_training, always.follows_training) == (True, False)
    assert (follows.attribute, always.attribute) == ("p", None)
    assert (follows.before, follows.after) == ("relu()", "second (Linear)")
    assert (always.before, always.after) == ("second (Linear)", "output")
    assert re.search(r"models\.py:\d+$", follows.place or "")


def test_our_functions_are_found_while_they_drop() -> None:
    class Net(nn.Module):
        def forward(self, x: Tensor) -> Tensor:
            return our.drop_path(our.dropout(x, 0.5, training=self.training), 0.25, training=True)

    first, second = find_sites(Net(), X)

    assert (first.what, first.rate, first.follows_training) == ("dropout()", 0.5, True)
    assert (second.what, second.rate, second.follows_training) == ("drop_path()", 0.25, False)


def test_a_layer_built_in_the_forward_never_stops() -> None:
    (site,) = find_sites(Fresh(), X)

    assert (site.kind, site.name, site.follows_training) == ("call", "", False)


def test_a_call_that_never_drops_is_shown_as_such() -> None:
    class Net(nn.Module):
        def forward(self, x: Tensor) -> Tensor:
            return F.alpha_dropout(x, 0.5)  # torch's default is training=False

    (site,) = find_sites(Net(), X)

    assert (site.p, site.rate, site.follows_training) == (0.5, 0.0, None)


def test_layers_in_plain_containers_are_found_where_they_are() -> None:
    sites = find_sites(Listed(), X)

    assert [site.name for site in sites] == ["drops[0]", "by_name['out'].0", "by_name['pair'][0]"]
    assert {site.kind for site in sites} == {"unregistered"}
    assert [site.follows_training for site in sites] == [False] * 3
    assert [site.reached for site in sites] == [True, True, False]
    assert sites[0].before == "linear (Linear)"


def test_a_registered_layer_in_a_list_as_well_is_no_finding() -> None:
    model = nn.Sequential(nn.Dropout(0.5))
    model.also = [model[0]]  # type: ignore[assignment]

    assert [site.kind for site in find_sites(model)] == ["module"]


@pytest.mark.parametrize("layer", [nn.Dropout(0.3), ours.Dropout(0.3), nn.Dropout(0.3, True)])
def test_the_measured_rate_is_the_true_one_within_chance(layer: nn.Module) -> None:
    n = 100_000
    x = torch.ones(n)
    x[::10] = 0  # zeros that were there before do not count
    (site,) = find_sites(nn.Sequential(nn.Identity(), layer), x.clone())

    assert site.rate is not None
    assert abs(site.rate - 0.3) < 5 * (0.3 * 0.7 / (0.9 * n)) ** 0.5


def test_a_mask_made_by_hand_is_measured_and_seen_to_stop() -> None:
    (site,) = find_sites(DropPath(0.5), torch.ones(10_000, 2))

    assert site.rate is not None
    assert abs(site.rate - 0.5) < 5 * 0.5 / 100
    assert site.follows_training


@pytest.mark.parametrize(
    ("layer", "example"),
    [
        (ours.AlphaDropout(0.3), X),
        (nn.FeatureAlphaDropout(0.3), X),
        (ours.LayerDrop([nn.Linear(8, 8)], 0.3), X),
        (ours.DropConnect(8, 8, p=0.3), X),
        (ours.EmbeddingDropout(9, 4, p=0.3), torch.zeros(3, 3, dtype=torch.long)),
        (ours.ActivationDropout(p=0.3), X),
    ],
)
def test_where_zeros_tell_nothing_the_rate_is_that_of_the_call(
    layer: nn.Module, example: Tensor
) -> None:
    assert find_sites(layer, example)[0].rate == 0.3


@pytest.mark.parametrize("layer", [ours.GaussianDropout(0.3), ours.ConcreteDropout(0.3)])
def test_noise_that_sets_nothing_to_zero_has_no_rate(layer: nn.Module) -> None:
    (site,) = find_sites(layer, X)

    assert (site.rate, site.reached, site.follows_training) == (None, True, True)


def test_rates_inside_a_layer_are_measured_each() -> None:
    layer = ours.VariationalLSTM(8, 8, p=0.1, p_recurrent=0.4)

    assert [site.rate for site in find_sites(layer, X[None])] == [0.1, 0.4]


def test_one_mask_is_too_few_to_tell_a_rate() -> None:
    sites = find_sites(ours.DropPath(0.01), X[:1])

    assert (sites[0].rate, sites[0].reached, sites[0].follows_training) == (None, True, True)
    assert remarks(sites) == ()


def test_what_is_never_reached_is_named() -> None:
    sites = find_sites(Unused(), X)

    assert (sites[0].reached, sites[0].rate) == (False, None)
    assert remarks(sites) == ("Configured but never reached by this example: drop.",)


def test_what_is_frozen_drops_nothing_in_training_mode() -> None:
    class Frozen(nn.Dropout):
        def train(self, mode: bool = True) -> "Frozen":
            return super().train(False)

    sites = find_sites(nn.Sequential(Frozen(0.5)), X)

    assert sites[0].rate == 0
    assert remarks(sites) == ("Reached in training mode, but dropped nothing: 0.",)


def test_remarks_name_what_does_not_stop_and_what_torch_does_not_see() -> None:
    assert remarks(find_sites(Fresh(), X))[0].startswith(
        "Still drops in evaluation mode: the model itself dropout() at "
    )
    assert "drops[0] Dropout" in remarks(find_sites(Listed()))[0]
    assert remarks(find_sites(nn.Sequential(nn.Dropout(0.5)), X)) == ()


def _numpy_state() -> str:
    return str(cast(Any, np.random.get_state())[1].tolist())


def test_finding_leaves_no_trace() -> None:
    model = Busy()
    model.norm.weight.grad = torch.ones(8)
    grad, state = model.norm.weight.grad, {k: v.clone() for k, v in model.state_dict().items()}
    before = {name: dict(vars(module)) for name, module in model.named_modules()}
    randoms = torch.get_rng_state(), random.getstate(), _numpy_state()
    find_sites(model, X)

    for name, module in model.named_modules():
        assert vars(module).keys() == before[name].keys()
        assert all(vars(module)[k] is v for k, v in before[name].items())
        assert not module._forward_hooks
        assert not module._forward_pre_hooks
    assert model.norm.weight.grad is grad
    assert all(torch.equal(v, state[k]) for k, v in model.state_dict().items())
    assert torch.equal(torch.get_rng_state(), randoms[0])
    assert random.getstate() == randoms[1]
    assert _numpy_state() == randoms[2]


def test_a_model_that_fails_is_put_back_and_says_why() -> None:
    model = Busy()
    with pytest.raises(ModelError, match=r"does not run on the example: RuntimeError: .*\. Give"):
        find_sites(model, torch.ones(3, 5))

    assert model.training
    assert not model.frozen.training
    assert model.drop.p == 0.5
    assert not model.norm._forward_hooks
    assert model.calls == 0


def test_the_example_is_not_changed_in_place() -> None:
    x = torch.ones(100, 8)
    find_sites(nn.Sequential(nn.Dropout(0.5, inplace=True)), x)

    assert (x == 1).all()


def test_two_maps_of_a_model_are_the_same() -> None:
    model = nn.Sequential(nn.Linear(8, 8), nn.Dropout(0.5))

    assert find_sites(model, X) == find_sites(model, X)


def test_examples_are_a_tensor_arguments_or_keywords() -> None:
    model = nn.Sequential(nn.Dropout(0.5))

    assert find_sites(model, X) == find_sites(model, (X,)) == find_sites(model, {"input": X})
    assert find_sites(model, UserDict(input=X)) == find_sites(model, X)
    with pytest.raises(SettingError, match="got list"):
        find_sites(model, [X])


def test_lazy_layers_are_refused_since_a_run_would_shape_them() -> None:
    model = nn.Sequential(nn.LazyLinear(2), nn.Dropout(0.5))
    with pytest.raises(ModelError, match="lazy"):
        find_sites(model, X)

    assert len(find_sites(model)) == 1


def test_a_compiled_model_is_looked_at_uncompiled() -> None:
    model = Functional()
    compiled = cast(nn.Module, torch.compile(model, backend="eager"))
    follows, always = find_sites(compiled, X)
    model.compile(backend="eager")

    assert (follows.p, always.p) == (0.25, 0.125)
    assert find_sites(model, X) == (follows, always)


def test_a_wrapped_model_runs() -> None:
    (site,) = find_sites(nn.DataParallel(nn.Sequential(nn.Dropout(0.5))), X)

    assert (site.name, site.reached) == ("module.0", True)
