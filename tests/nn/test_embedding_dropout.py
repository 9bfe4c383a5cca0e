import copy

import torch
from torch import nn

from torchdrop.functional import embedding_dropout
from torchdrop.nn import EmbeddingDropout


def test_it_is_torchs_embedding_in_names_and_start() -> None:
    with torch.random.fork_rng():
        torch.manual_seed(0)
        plain = nn.Embedding(10, 4, 2, None, 2.0, True)
        torch.manual_seed(0)
        layer = EmbeddingDropout(10, 4, 2, None, 2.0, True, p=0.2)
    words = torch.tensor([2, 5, 9])

    assert isinstance(layer, nn.Embedding)
    assert list(layer.state_dict()) == list(plain.state_dict())
    assert torch.equal(layer.eval()(words), plain(words))


def test_the_layer_is_the_function() -> None:
    layer, words = EmbeddingDropout(10, 4, padding_idx=1, p=0.5), torch.arange(10)
    with torch.random.fork_rng():
        torch.manual_seed(0)
        y = layer(words)
        torch.manual_seed(0)
        z = embedding_dropout(words, layer.weight, 0.5, training=True, padding_idx=1)

    assert torch.equal(y, z)


def test_a_pretrained_table_is_used_as_it_is() -> None:
    table = torch.rand(10, 4)
    layer = EmbeddingDropout.from_pretrained(table)  # type: ignore[no-untyped-call]
    layer.p = 1.0

    assert type(layer) is EmbeddingDropout
    assert (layer(torch.arange(10)) == 0).all()
    assert torch.equal(layer.eval()(torch.arange(10)), table)


def test_max_norm_shortens_words_as_torchs_layer_does() -> None:
    layer, words = EmbeddingDropout(10, 4, max_norm=0.5, p=0.5), torch.tensor([1, 2, 1])
    plain = nn.Embedding(10, 4, max_norm=0.5)
    plain.load_state_dict(copy.deepcopy(layer.state_dict()))
    plain(words)
    layer(words)

    assert torch.equal(layer.weight, plain.weight)


def test_training_with_a_sparse_optimizer_leaves_dropped_words_alone() -> None:
    layer = EmbeddingDropout(50, 4, sparse=True, p=0.5)
    before = layer.weight.detach().clone()
    optimizer = torch.optim.SGD(layer.parameters(), lr=1.0)
    y = layer(torch.arange(50))
    y.sum().backward()
    optimizer.step()

    assert torch.equal((layer.weight == before).all(1), (y == 0).all(1))


def test_repr_shows_the_settings() -> None:
    assert EmbeddingDropout(10, 4, p=0.25).extra_repr() == "10, 4, p=0.25"
