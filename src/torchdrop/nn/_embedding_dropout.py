"""The table of embeddings that drops whole words."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from ..functional import check_probability, embedding_dropout


class EmbeddingDropout(nn.Embedding):
    """Layer form of `torchdrop.functional.embedding_dropout`, active in training mode only.

    A subclass of `torch.nn.Embedding` with its arguments, initialization and `state_dict`, so
    that one can be loaded from the other. `from_pretrained` works too; set `p` afterwards.

    Args:
        num_embeddings: How many words, V.
        embedding_dim: Length of a word's vector, D.
        padding_idx: A word that starts as zeros and gets no gradient.
        max_norm: Maximum norm of a word; longer ones are shortened in the table.
        norm_type: Of which norm `max_norm` is the maximum.
        scale_grad_by_freq: Whether gradients are divided by how often a word occurs.
        sparse: Whether the gradient of the table is a sparse tensor.
        _weight: The table, as torch's `from_pretrained` passes it; `None` draws one.
        _freeze: Whether the table is frozen, as torch's `from_pretrained` passes it.
        device: Where the table shall be.
        dtype: Of the table.
        p: Probability of dropping a word, in `[0, 1]`. Not the keep rate.

    Raises:
        SettingError: If `p` lies outside `[0, 1]`.

    Example:
        >>> import torch
        >>> layer = EmbeddingDropout(10, 4, p=0.2)
        >>> words = torch.tensor([3, 1, 3])
        >>> torch.equal(layer.eval()(words), layer.weight[words])
        True
    """

    def __init__(
        self,
        num_embeddings: int,
        embedding_dim: int,
        padding_idx: int | None = None,
        max_norm: float | None = None,
        norm_type: float = 2.0,
        scale_grad_by_freq: bool = False,
        sparse: bool = False,
        _weight: Tensor | None = None,
        _freeze: bool = False,
        device: torch.device | str | None = None,
        dtype: torch.dtype | None = None,
        *,
        p: float = 0.1,
    ) -> None:
        check_probability(p)
        super().__init__(
            num_embeddings,
            embedding_dim,
            padding_idx,
            max_norm,
            norm_type,
            scale_grad_by_freq,
            sparse,
            _weight,
            _freeze,
            device,
            dtype,
        )
        self.p = p

    def forward(self, input: Tensor) -> Tensor:
        """Apply `embedding_dropout` with this layer's table, rate and mode."""
        return embedding_dropout(
            input,
            self.weight,
            self.p,
            training=self.training,
            padding_idx=self.padding_idx,
            max_norm=self.max_norm,
            norm_type=self.norm_type,
            scale_grad_by_freq=self.scale_grad_by_freq,
            sparse=self.sparse,
        )

    def extra_repr(self) -> str:
        """Show the settings in `print(model)`."""
        return f"{super().extra_repr()}, p={self.p}"
