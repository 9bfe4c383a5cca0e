"""Multi-head attention whose probabilities are dropped by the mask stream."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from ..errors import SettingError
from ..functional import attention_weights, check_probability, dropout, known_rate


class MultiheadAttention(nn.MultiheadAttention):
    """Multi-head attention that in training drops attention probabilities.

    A drop-in for `torch.nn.MultiheadAttention`, and a subclass of it: constructor, parameters,
    `state_dict` keys and all arguments of the call are torch's, and so is everything that does not
    drop (evaluation, a rate of 0), to the bit and with its fast path. In training the
    probabilities are those of `torchdrop.functional.attention`, which is torch's formula, and the
    masks come from the mask stream: they are the same again when a checkpoint recomputes them, and
    whether weights are asked for or not. A query that may attend to nothing gives 0 in training;
    torch gives NaN if weights are asked for.

    Args:
        embed_dim: As in `torch.nn.MultiheadAttention`, like all but `dropout`.
        num_heads: Heads, among which `embed_dim` is divided.
        dropout: Probability of dropping an attention probability, in `[0, 1]`, elsewhere called
            `p`. Not the keep rate.
        bias: Whether the projections have biases.
        add_bias_kv: Whether a learned key and value are appended to the sequence.
        add_zero_attn: Whether a key and value of zeros are appended to the sequence.
        kdim: Features of the keys; `None` means `embed_dim`.
        vdim: Features of the values; `None` means `embed_dim`.
        batch_first: Whether inputs and outputs are (batch, time, features).
        device: Of the parameters.
        dtype: Of the parameters.

    Raises:
        SettingError: If `dropout` lies outside `[0, 1]`.

    Example:
        >>> import torch
        >>> layer, x = MultiheadAttention(8, 2, dropout=0.1), torch.randn(5, 3, 8)
        >>> like = torch.nn.MultiheadAttention(8, 2, dropout=0.1).eval()
        >>> _ = like.load_state_dict(layer.state_dict())
        >>> torch.equal(layer.eval()(x, x, x)[0], like(x, x, x)[0])
        True
    """

    def __init__(
        self,
        embed_dim: int,
        num_heads: int,
        dropout: float = 0.0,
        bias: bool = True,
        add_bias_kv: bool = False,
        add_zero_attn: bool = False,
        kdim: int | None = None,
        vdim: int | None = None,
        batch_first: bool = False,
        device: torch.device | str | int | None = None,
        dtype: torch.dtype | None = None,
    ) -> None:
        check_probability(dropout)
        super().__init__(
            embed_dim,
            num_heads,
            dropout,
            bias,
            add_bias_kv,
            add_zero_attn,
            kdim,
            vdim,
            batch_first,
            device,
            dtype,
        )

    def forward(
        self,
        query: Tensor,
        key: Tensor,
        value: Tensor,
        key_padding_mask: Tensor | None = None,
        need_weights: bool = True,
        attn_mask: Tensor | None = None,
        average_attn_weights: bool = True,
        is_causal: bool = False,
    ) -> tuple[Tensor, Tensor | None]:
        """Attend as torch's layer does; in training, with probabilities dropped.

        Args:
            query: Shape (L, batch, embed_dim), (batch, L, embed_dim) with `batch_first`, or
                (L, embed_dim) for one sequence.
            key: As `query`, with S steps and `kdim` features.
            value: As `key`, with `vdim` features.
            key_padding_mask: Shape (batch, S): bool, true where a key is to be ignored, or
                floating point, added to the scores.
            need_weights: Whether to return the weights too.
            attn_mask: Shape (L, S) or (batch * heads, L, S): bool, true where a query may not
                attend to a key (the opposite of `attention`), or floating point, added to the
                scores.
            average_attn_weights: Whether the weights are returned as their mean over heads.
            is_causal: A hint that `attn_mask` is causal, which torch's kernels use.

        Returns:
            The output, in the form of `query`; and the weights, after dropping, of shape
            (batch, L, S), or (batch, heads, L, S), without batch for one sequence; or `None`.

        Raises:
            SettingError: If a mask has another shape, or `is_causal` comes without `attn_mask`.
        """
        p = known_rate(self.dropout, query)
        idle = not self.training or (not isinstance(p, Tensor) and p == 0)
        if idle or query.is_nested:
            return super().forward(
                query,
                key,
                value,
                key_padding_mask,
                need_weights,
                attn_mask,
                average_attn_weights,
                is_causal,
            )
        if is_causal and attn_mask is None:
            raise SettingError(
                "is_causal is a hint that attn_mask is the causal mask; got no attn_mask. Give "
                "torch.nn.Transformer.generate_square_subsequent_mask(L)."
            )
        rows = self._batch_first(query, key, value)
        single = query.ndim == 2
        if single and key_padding_mask is not None:
            key_padding_mask = key_padding_mask.unsqueeze(0)
        mask = self._merge(attn_mask, key_padding_mask, rows[0], rows[1])
        y, weights = self._attend(*rows, p, mask)
        if single:
            y, weights = y.squeeze(0), weights.squeeze(0)
        elif not self.batch_first:
            y = y.transpose(0, 1)
        if not need_weights:
            return y, None
        return y, weights.mean(-3) if average_attn_weights else weights

    def _batch_first(self, *rows: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Query, key and value of shape (batch, time, features)."""
        axes = {x.ndim for x in rows}
        if axes not in ({2}, {3}):
            raise SettingError(
                "query, key and value have three axes each, or two for one sequence; got shapes "
                f"{', '.join(str(tuple(x.shape)) for x in rows)}."
            )
        if axes == {2}:
            query, key, value = (x.unsqueeze(0) for x in rows)
        else:
            query, key, value = (x if self.batch_first else x.transpose(0, 1) for x in rows)
        _check_shape("key", key, (len(query), key.size(1), self.kdim))
        _check_shape("value", value, (len(query), key.size(1), self.vdim))
        return query, key, value

    def _attend(
        self, query: Tensor, key: Tensor, value: Tensor, p: float | Tensor, mask: Tensor | None
    ) -> tuple[Tensor, Tensor]:
        q, k, v = self._project(query, key, value)
        weights = dropout(attention_weights(q, k, attn_mask=mask), p, training=self.training)
        y = (weights @ v.to(weights.dtype)).to(q.dtype).transpose(1, 2).flatten(2)
        return F.linear(y, self.out_proj.weight, self.out_proj.bias), weights.to(q.dtype)

    def _project(self, query: Tensor, key: Tensor, value: Tensor) -> list[Tensor]:
        """Queries, keys and values of shape (batch, heads, time, features of a head)."""
        if self._qkv_same_embed_dim:
            weights = self.in_proj_weight.chunk(3)
        else:
            weights = self.q_proj_weight, self.k_proj_weight, self.v_proj_weight
        biases = [None] * 3 if self.in_proj_bias is None else self.in_proj_bias.chunk(3)
        rows = [F.linear(*x) for x in zip((query, key, value), weights, biases, strict=True)]
        if self.bias_k is not None and self.bias_v is not None:
            for i, extra in ((1, self.bias_k), (2, self.bias_v)):
                rows[i] = torch.cat((rows[i], extra.expand(len(rows[i]), 1, -1)), 1)
        if self.add_zero_attn:
            rows[1:] = (F.pad(x, (0, 0, 0, 1)) for x in rows[1:])
        heads = self.num_heads, self.head_dim
        return [x.reshape(*x.shape[:2], *heads).transpose(1, 2) for x in rows]

    def _merge(
        self,
        attn_mask: Tensor | None,
        padding: Tensor | None,
        query: Tensor,
        key: Tensor,
    ) -> Tensor | None:
        """One mask to be added to scores of shape (batch, heads, L, S), appended keys included."""
        (batch, length, _), source = query.shape, key.size(1)
        parts = []
        if attn_mask is not None:
            wanted = (length, source), (batch * self.num_heads, length, source)
            _check_shape("attn_mask", attn_mask, *wanted)
            heads = (batch, self.num_heads) if attn_mask.ndim == 3 else (1, 1)
            parts.append(_added(attn_mask, query).reshape(*heads, length, source))
        if padding is not None:
            _check_shape("key_padding_mask", padding, (batch, source))
            parts.append(_added(padding, query).reshape(batch, 1, 1, source))
        if not parts:
            return None
        appended = int(self.bias_k is not None) + int(self.add_zero_attn)
        return F.pad(sum(parts[1:], parts[0]), (0, appended))

    def extra_repr(self) -> str:
        """Show the settings in `print(model)`."""
        return f"{self.embed_dim}, {self.num_heads}, p={self.dropout}"


def _added(mask: Tensor, like: Tensor) -> Tensor:
    if mask.dtype != torch.bool:
        return mask.to(like.dtype)
    return torch.zeros_like(mask, dtype=like.dtype).masked_fill(mask, -torch.inf)


def _check_shape(name: str, mask: Tensor, *wanted: tuple[int, ...]) -> None:
    if tuple(mask.shape) not in wanted:
        raise SettingError(
            f"{name} has shape {' or '.join(map(str, wanted))} here, the batch first; got "
            f"{tuple(mask.shape)}."
        )
