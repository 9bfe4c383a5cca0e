import pytest
import torch
from torch import nn

import torchdrop.nn as ours
from torchdrop.sites import Site, find_sites, remarks

from .models import AlwaysOn, Attention, Config, EncoderLayer, FusedAttention

X = torch.randn(4, 6, 8, generator=torch.Generator().manual_seed(0))


def _by_what(model: nn.Module, example: object = None) -> dict[str, Site]:
    sites = find_sites(model, example)
    named = {f"{site.name}/{site.attribute}": site for site in sites}
    assert len(named) == len(sites)
    return named


@pytest.mark.parametrize("kind", [nn.MultiheadAttention, ours.MultiheadAttention])
def test_attention_keeps_its_rate_as_a_number(kind: type[nn.MultiheadAttention]) -> None:
    (site,) = find_sites(kind(8, 2, dropout=0.3), (X, X, X))

    assert (site.kind, site.what) == ("number", "MultiheadAttention.dropout")
    assert (site.p, site.rate, site.attribute) == (0.3, 0.3, "dropout")
    assert site.follows_training
    assert (site.before, site.after) == ("input", "output")


@pytest.mark.parametrize("kind", [nn.LSTM, nn.GRU, nn.RNN])
def test_recurrent_layers_drop_between_layers_only(kind: type[nn.LSTM]) -> None:
    (site,) = find_sites(kind(8, 4, num_layers=2, dropout=0.25), X)

    assert (site.what, site.p, site.rate) == (f"{kind.__name__}.dropout", 0.25, 0.25)
    assert find_sites(kind(8, 4), X) == ()


def test_packed_sequences_are_seen_too() -> None:
    packed = nn.utils.rnn.pack_sequence([X[0], X[1][:3]])
    (site,) = find_sites(nn.LSTM(8, 4, 2, dropout=0.25), (packed,))

    assert site.rate == 0.25


def test_a_transformer_encoder_is_known_by_its_parts() -> None:
    layer = nn.TransformerEncoderLayer(8, 2, 16, dropout=0.2, batch_first=True)
    sites = _by_what(nn.TransformerEncoder(layer, 2, enable_nested_tensor=False), X)

    assert len(sites) == 8
    assert all(site.reached and site.follows_training for site in sites.values())
    assert sites["layers.0.self_attn/dropout"].rate == 0.2
    assert sites["layers.1.dropout/p"].before == "relu()"
    assert sites["layers.1.dropout/p"].after == "layers.1.linear2 (Linear)"


def test_a_number_that_a_forward_reads_is_a_site() -> None:
    (site,) = find_sites(Attention(0.15))

    assert (site.what, site.p, site.kind) == ("Attention.attention_dropout", 0.15, "number")
    assert site.follows_training is None


def test_numbers_of_one_value_are_told_apart_by_the_run() -> None:
    sites = _by_what(EncoderLayer(Config(hidden_dropout_prob=0.1, dropout=0.4)), X)

    assert {name: site.kind for name, site in sites.items()} == {
        "/dropout": "number",
        "/activation_dropout": "number",
        "/config.hidden_dropout_prob": "number",
        "attention/attention_dropout": "number",
        "inner/p": "module",
    }
    assert sites["/activation_dropout"].before == "gelu()"
    assert sites["/activation_dropout"].after == "inner (Dropout)"
    assert sites["/config.hidden_dropout_prob"].before == "fc2 (Linear)"
    assert sites["/dropout"].rate == 0.1
    assert all(site.follows_training for site in sites.values())


def test_a_shared_configuration_is_each_modules_own_site() -> None:
    config = Config(hidden_dropout_prob=0.2)
    sites = _by_what(nn.Sequential(EncoderLayer(config), EncoderLayer(config)), X)

    for name in ("0/config.hidden_dropout_prob", "1/config.hidden_dropout_prob"):
        assert (sites[name].rate, sites[name].reached) == (0.2, True)
    assert config.hidden_dropout_prob == 0.2  # type: ignore[attr-defined]


def test_a_layer_whose_rate_is_read_instead_of_called_is_reached() -> None:
    """A known false alarm of checks for unused layers."""
    sites = _by_what(FusedAttention(), X)

    assert sites["attn_drop/p"].reached
    assert sites["attn_drop/p"].rate == 0.1
    assert "models.py" in (sites["attn_drop/p"].place or "")
    assert sites["proj_drop/p"].before == "scaled_dot_product_attention()"


def test_attention_that_drops_in_evaluation_is_found() -> None:
    """pytorch#124464, nanoGPT#240, and others."""
    (site,) = find_sites(AlwaysOn(), X)

    assert (site.follows_training, site.attribute, site.rate) == (False, "dropout_p", 0.2)


def test_a_rate_of_zero_is_a_site_that_drops_nothing() -> None:
    (site,) = find_sites(nn.MultiheadAttention(8, 2), (X, X, X))

    assert (site.p, site.rate, site.reached) == (0.0, 0.0, True)


def test_a_number_applied_by_hand_is_not_called_unused() -> None:
    class Stack(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.layerdrop, self.drop_layers = 0.5, 1
            self.layers = nn.ModuleList(nn.Linear(8, 8) for _ in range(3))

        def forward(self, x: torch.Tensor) -> torch.Tensor:
            for layer in list(self.layers)[: -self.drop_layers]:
                if not self.training or torch.rand(()) >= self.layerdrop:
                    x = layer(x)
            return x

    (site,) = find_sites(Stack(), X)

    assert (site.attribute, site.reached, site.rate) == ("layerdrop", None, None)
    assert remarks([site]) == ()
    assert remarks([site, *find_sites(nn.Dropout(), X)]) == (
        "Kept as a number, but no call took it (unused, or applied by hand): "
        "the model itself Stack.layerdrop.",
    )


def test_a_number_that_is_only_handed_on_is_no_site() -> None:
    names = {site.attribute for site in find_sites(EncoderLayer(Config(hidden_dropout_prob=0.1)))}

    assert "handed_dropout" not in names
