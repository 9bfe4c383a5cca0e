"""Layers that keep units of a recurrent state at their previous value."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from ..errors import SettingError
from ..functional import check_probability, zoneout


class Zoneout(nn.Module):
    """Layer form of `torchdrop.functional.zoneout`: draws in training, mixes in evaluation.

    Args:
        p: Probability of keeping the old value, in `[0, 1]`.

    Raises:
        SettingError: If `p` lies outside `[0, 1]`.

    Example:
        >>> import torch
        >>> layer = Zoneout(0.25).eval()
        >>> layer(torch.ones(2), torch.zeros(2))
        tensor([0.7500, 0.7500])
    """

    def __init__(self, p: float = 0.5) -> None:
        check_probability(p)
        super().__init__()
        self.p = p

    def forward(self, h_new: Tensor, h_old: Tensor) -> Tensor:
        """Apply `zoneout` with this layer's rate and mode."""
        return zoneout(h_new, h_old, self.p, training=self.training)

    def extra_repr(self) -> str:
        """Show the settings in `print(model)`."""
        return f"p={self.p}"


class ZoneoutCell(nn.Module):
    """Apply zoneout to the state of one of torch's recurrent cells, step by step.

    Takes and returns what the cell does. An LSTM's cell state has a mask of its own.

    Args:
        cell: A `torch.nn.LSTMCell`, `GRUCell` or `RNNCell`; kept as `cell`.
        p: Probability that a unit of the hidden state keeps its old value, in `[0, 1]`.
        p_cell: The same for an LSTM's cell state; `None` means as `p`.

    Raises:
        SettingError: If a rate lies outside `[0, 1]`, `cell` is no cell of torch's, or `p_cell`
            is given for one without a cell state.

    Example:
        >>> import torch
        >>> step = ZoneoutCell(torch.nn.LSTMCell(3, 4), p=0.05, p_cell=0.5)
        >>> state = None
        >>> for x in torch.randn(6, 2, 3):
        ...     state = step(x, state)
        >>> state[0].shape
        torch.Size([2, 4])

    Source:
        Krueger et al., ICLR 2017, as for `zoneout`; the authors' code uses `p=0.05, p_cell=0.5`
        for language modeling on Penn Treebank.
    """

    def __init__(self, cell: nn.RNNCellBase, p: float = 0.5, p_cell: float | None = None) -> None:
        super().__init__()
        check_probability(p)
        if not isinstance(cell, nn.RNNCellBase):
            raise SettingError(
                "cell is a torch.nn.LSTMCell, GRUCell or RNNCell; got "
                f"{type(cell).__name__}. For another one, apply zoneout to its states."
            )
        if p_cell is not None:
            check_probability(p_cell)
            if not isinstance(cell, nn.LSTMCell):
                raise SettingError(
                    f"p_cell is for an LSTM's cell state; got p_cell={p_cell} with a "
                    f"{type(cell).__name__}. Give p alone."
                )
        self.cell = cell
        self.p = p
        self.p_cell = p_cell

    def forward(
        self, input: Tensor, hx: Tensor | tuple[Tensor, Tensor] | None = None
    ) -> Tensor | tuple[Tensor, Tensor]:
        """Compute one step, and let units keep their previous value."""
        new = self.cell(input, hx)
        if isinstance(new, Tensor):
            return self._mix(new, hx, self.p)  # type: ignore[arg-type]
        h, c = hx if hx is not None else (None, None)
        p_cell = self.p if self.p_cell is None else self.p_cell
        return self._mix(new[0], h, self.p), self._mix(new[1], c, p_cell)

    def _mix(self, new: Tensor, old: Tensor | None, p: float) -> Tensor:
        old = torch.zeros_like(new) if old is None else old
        return zoneout(new, old, p, training=self.training)

    def extra_repr(self) -> str:
        """Show the settings in `print(model)`."""
        return f"p={self.p}{'' if self.p_cell is None else f', p_cell={self.p_cell}'}"
