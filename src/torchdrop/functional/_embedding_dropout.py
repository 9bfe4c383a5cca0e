"""Drop whole words from a table of embeddings."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional

from ..kernels import draw_mask, seed_for
from ._settings import check_dtype, known_rate, select_scaled, training_factor


def embedding_dropout(
    input: Tensor,
    weight: Tensor,
    p: float | Tensor = 0.1,
    *,
    training: bool,
    padding_idx: int | None = None,
    max_norm: float | None = None,
    norm_type: float = 2.0,
    scale_grad_by_freq: bool = False,
    sparse: bool = False,
    generator: torch.Generator | None = None,
) -> Tensor:
    """Look words up in a table of embeddings from which whole words were dropped.

    In training, `y = weight[input] * k[input] / q` with one `k ~ Bernoulli(q)` for each word of
    the table and `q = 1 - p`, so `E[y] = weight[input]`: all occurrences of a word in one call
    are kept or dropped together. Out of training this is a plain lookup. Dropped words are
    exactly 0, NaN and infinity included, and get no gradient. The table is only read, and only
    where it is looked up: a draw for each word is all that grows with the vocabulary.

    Args:
        input: Integers in `[0, V)`, any shape: which words.
        weight: Floating point or complex, shape `(V, D)`: the table.
        p: Probability of dropping a word, in `[0, 1]`. Not the keep rate.
        training: Whether to drop at all. Layers pass `self.training`.
        padding_idx: A word that gets no gradient, as in torch's lookup; it is drawn for as any
            other.
        max_norm: As in torch's lookup, which then does shorten longer words in the table itself.
        norm_type: Of which norm `max_norm` is the maximum.
        scale_grad_by_freq: Whether gradients are divided by how often a word occurs in `input`.
        sparse: Whether the gradient of the table is a sparse tensor.
        generator: Source of the seed, on the device of `weight`; `None` uses torch's global one.

    Returns:
        The shape of `input` and `(D,)` behind it, with the dtype and device of `weight`.

    Raises:
        SettingError: If `p` lies outside `[0, 1]`.
        TypeError: If `weight` holds integers or booleans.

    Example:
        >>> import torch
        >>> words, table = torch.tensor([1, 2, 1]), torch.ones(4, 3)
        >>> y = embedding_dropout(words, table, 0.5, training=True)
        >>> torch.equal(y[0], y[2])
        True
        >>> torch.equal(embedding_dropout(words, table, training=False), table[words])
        True

    Source:
        Gal and Ghahramani, "A Theoretically Grounded Application of Dropout in Recurrent Neural
        Networks", NIPS 2016, on word embeddings; Merity, Keskar and Socher, "Regularizing and
        Optimizing LSTM Language Models", ICLR 2018, "Embedding dropout". Differs from awd-lstm,
        which multiplies the whole table by the mask, and from fastai, whose `scale` changes the
        table itself.
    """
    p = known_rate(p, weight)
    check_dtype(weight)
    y = functional.embedding(
        input, weight, padding_idx, max_norm, norm_type, scale_grad_by_freq, sparse
    )
    if not training or (not isinstance(p, Tensor) and p == 0):
        return y
    keep = draw_mask((weight.shape[0],), seed_for(weight, generator), p, weight)
    return select_scaled(y, keep[input].unsqueeze(-1), training_factor(p, "train"))
