import math

import numpy as np
import pytest
import torch
from torch.nn import functional

from torchdrop.errors import SettingError
from torchdrop.functional import embedding_dropout
from torchdrop.kernels import draw_mask, keep_probability, seed_for

from .largest import Largest

Z = 5.0
VOCABULARY, WIDTH = 50, 8

pytestmark = pytest.mark.usefixtures("each_kernel")


def _generator(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def _words(*shape: int) -> torch.Tensor:
    return torch.randint(VOCABULARY, shape, generator=_generator(5))


def _table() -> torch.Tensor:
    return torch.rand(VOCABULARY, WIDTH, generator=_generator(6)) + 0.5


def test_it_is_the_lookup_in_a_table_without_the_dropped_words() -> None:
    words, table, p = _words(6, 40), _table(), 0.4
    y = embedding_dropout(words, table, p, training=True, generator=_generator())
    kept = draw_mask((VOCABULARY,), seed_for(table, _generator()), p, table).numpy()
    expected = np.zeros((6, 40, WIDTH), dtype=np.float32)
    for place, word in np.ndenumerate(words.numpy()):
        if kept[word]:
            expected[place] = table[word].numpy() * np.float32(1 / keep_probability(p))

    assert torch.equal(y, torch.from_numpy(expected))


def test_all_occurrences_of_a_word_share_its_draw() -> None:
    words = torch.arange(VOCABULARY).repeat(7)
    y = embedding_dropout(words, _table(), 0.5, training=True, generator=_generator())
    dropped = (y == 0).reshape(7, VOCABULARY, WIDTH)

    assert (dropped == dropped[0, :, :1]).all()
    assert 0 < dropped[0, :, 0].sum() < VOCABULARY


def test_the_mean_is_kept() -> None:
    n, p = 1 << 16, 0.3
    y = embedding_dropout(
        torch.arange(n), torch.ones(n, 1).double(), p, training=True, generator=_generator()
    )

    assert abs(y.mean().item() - 1) < Z * math.sqrt(p / (1 - p) / n)


def test_dropped_words_get_no_gradient_and_kept_ones_theirs() -> None:
    words, table = _words(200), _table().requires_grad_()
    y = embedding_dropout(words, table, 0.5, training=True, generator=_generator())
    (gradient,) = torch.autograd.grad(y.sum(), table)
    kept = draw_mask((VOCABULARY,), seed_for(table, _generator()), 0.5, table)
    counts = torch.bincount(words, minlength=VOCABULARY)

    assert torch.equal(gradient, torch.where(kept, 2.0 * counts, 0.0).unsqueeze(1).expand_as(table))


@pytest.mark.parametrize("training", [True, False])
def test_the_table_is_never_written_to(training: bool) -> None:
    """fastai's EmbeddingDropout rescales the parameter itself in evaluation."""
    words, table = _words(30), _table()
    before, version = table.clone(), table._version
    embedding_dropout(words, table, 0.5, training=training)

    assert torch.equal(table, before)
    assert table._version == version


def test_no_tensor_is_as_large_as_the_table() -> None:
    """awd-lstm multiplies the whole table by its mask, at each step."""
    table = torch.ones(1000, 16)
    with Largest() as largest:
        embedding_dropout(torch.tensor([1, 2, 3]), table, 0.5, training=True)

    assert largest.elements == 1000


def test_evaluation_is_the_plain_lookup_and_draws_nothing() -> None:
    words, table, generator = _words(4, 9), _table(), _generator()
    before = generator.get_state()
    y = embedding_dropout(words, table, 0.5, training=False, generator=generator)

    assert torch.equal(y, functional.embedding(words, table))
    assert torch.equal(generator.get_state(), before)


def test_dropped_nans_are_zero() -> None:
    table = torch.full((VOCABULARY, WIDTH), math.nan)
    y = embedding_dropout(torch.arange(VOCABULARY), table, 1.0, training=True)

    assert (y == 0).all()


def test_sparse_gradients_and_padding_are_those_of_the_lookup() -> None:
    words, table = _words(60), _table().requires_grad_()
    dense, sparse = (
        torch.autograd.grad(
            embedding_dropout(
                words,
                table,
                0.5,
                training=True,
                padding_idx=int(words[0]),
                sparse=flag,
                generator=_generator(),
            ).sum(),
            table,
        )[0]
        for flag in (False, True)
    )

    assert sparse.is_sparse
    assert torch.equal(sparse.to_dense(), dense)
    assert (dense[words[0]] == 0).all()


def test_gradients_are_those_of_finite_differences() -> None:
    words, table = _words(20), _table().double().requires_grad_()

    def function(table: torch.Tensor) -> torch.Tensor:
        return embedding_dropout(words, table, 0.4, training=True, generator=_generator()) ** 2

    assert torch.autograd.gradcheck(function, (table,))
    assert torch.autograd.gradgradcheck(function, (table,))


def test_short_indices_and_a_rate_in_a_tensor_change_nothing() -> None:
    words, table = _words(100), _table()
    expected = embedding_dropout(words, table, 0.25, training=True, generator=_generator())
    y = embedding_dropout(
        words.int(), table, torch.tensor(0.25), training=True, generator=_generator()
    )

    assert torch.equal(y, expected)


@pytest.mark.parametrize("training", [True, False])
def test_what_cannot_be_dropped_is_refused(training: bool) -> None:
    with pytest.raises(SettingError, match="probability of dropping"):
        embedding_dropout(_words(3), _table(), -0.5, training=training)
    with pytest.raises(TypeError, match=r"got torch\.int64"):
        embedding_dropout(_words(3), _table().long(), training=training)
