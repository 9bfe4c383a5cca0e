"""Attention whose probabilities are dropped by the mask stream."""

from __future__ import annotations

import math

import torch
import torch.nn.functional as F
from torch import Tensor

from ..errors import SettingError
from ._dropout import dropout
from ._settings import known_rate

_WIDENED = (torch.float16, torch.bfloat16)


def attention(
    q: Tensor,
    k: Tensor,
    v: Tensor,
    p: float | Tensor = 0.0,
    *,
    training: bool,
    attn_mask: Tensor | None = None,
    is_causal: bool = False,
    scale: float | None = None,
    enable_gqa: bool = False,
    generator: torch.Generator | None = None,
) -> Tensor:
    """Attend from queries to keys and average the values, some of the probabilities dropped.

    In training, `y = D v` with `D = A * m / (1 - p)`, `A = softmax(scale * q k' + attn_mask)` and
    `m ~ Bernoulli(1 - p)` for each of its elements, so that `E[y] = A v`. Out of training, and if
    `p` is 0, `y = A v` by `torch.nn.functional.scaled_dot_product_attention`, with its fast
    kernels; unlike that function this one follows the mode. Where it drops, all of `A` is in
    memory, (..., L, S). A query that may attend to nothing gives 0, as in torch.

    Args:
        q: Queries, floating point, shape (..., H, L, E).
        k: Keys, shape (..., H, S, E).
        v: Values, shape (..., H, S, D).
        p: Probability of dropping an attention probability, in `[0, 1]`. Not the keep rate.
        training: Whether to drop at all. Layers pass `self.training`.
        attn_mask: Broadcastable to (..., H, L, S): bool, true where a query may attend to a key,
            or floating point, added to the scores.
        is_causal: Whether query i attends to the keys up to i alone; not along with `attn_mask`.
        scale: What scores are multiplied by; `None` means `1 / sqrt(E)`.
        enable_gqa: Whether `k` and `v` may have fewer heads than `q`, each for a group of its
            heads.
        generator: Source of the seed, on the device of `q`; `None` uses torch's global one.

    Returns:
        A tensor of shape (..., H, L, D), with the dtype and device of `q`.

    Raises:
        SettingError: If `p` lies outside `[0, 1]`, or both `attn_mask` and `is_causal` are given.

    Example:
        >>> import torch
        >>> q, k, v = torch.randn(3, 2, 4, 5, 8).unbind()
        >>> attention(q, k, v, 0.1, training=True).shape
        torch.Size([2, 4, 5, 8])
        >>> whole = torch.nn.functional.scaled_dot_product_attention(q, k, v)
        >>> torch.equal(attention(q, k, v, 0.1, training=False), whole)
        True

    Source:
        Vaswani et al., "Attention Is All You Need", NeurIPS 2017, equation 1; the dropout of
        probabilities is in the authors' code. Each probability has a draw of its own; Flax by
        default shares draws over batch and heads. The rate is exact to 2**-33; the kernels of
        FlashAttention-2 and Transformer Engine round it to 8 bits.
    """
    p = known_rate(p, q)
    if attn_mask is not None and is_causal:
        raise SettingError(
            "attn_mask and is_causal=True exclude each other; got both. Put the causal mask into "
            "attn_mask."
        )
    if not training or (not isinstance(p, Tensor) and p == 0):
        return F.scaled_dot_product_attention(
            q, k, v, attn_mask, is_causal=is_causal, scale=scale, enable_gqa=enable_gqa
        )
    if enable_gqa:
        k, v = (x.repeat_interleave(q.size(-3) // x.size(-3), -3) for x in (k, v))
    weights = attention_weights(q, k, attn_mask=attn_mask, is_causal=is_causal, scale=scale)
    weights = dropout(weights, p, training=True, generator=generator)
    return (weights @ v.to(weights.dtype)).to(q.dtype)


def attention_weights(
    q: Tensor,
    k: Tensor,
    *,
    attn_mask: Tensor | None = None,
    is_causal: bool = False,
    scale: float | None = None,
) -> Tensor:
    """Give the probabilities with which queries attend to keys, by the formula of `attention`.

    Args:
        q: As in `attention`.
        k: As in `attention`, with as many heads as `q`.
        attn_mask: As in `attention`.
        is_causal: As in `attention`.
        scale: As in `attention`.

    Returns:
        Shape (..., H, L, S), float32 for 16-bit dtypes; rows of zeros where nothing is attended to.
    """
    scale = 1 / math.sqrt(q.size(-1)) if scale is None else scale
    if q.dtype in _WIDENED:
        q, k = q.float(), k.float()
    scores = (q * scale) @ k.mT
    if is_causal:
        attn_mask = torch.ones(scores.shape[-2:], dtype=torch.bool, device=q.device).tril()
    if attn_mask is None:
        return scores.softmax(-1)
    if attn_mask.dtype == torch.bool:
        scores = scores.masked_fill(~attn_mask, -torch.inf)
    else:
        scores = scores + attn_mask.to(scores.dtype)
    # Filled before the softmax too: the gradient of a softmax that is NaN is NaN wherever it goes.
    nothing = scores.isneginf().all(-1, keepdim=True)
    return scores.masked_fill(nothing, 0.0).softmax(-1).masked_fill(nothing, 0.0)
