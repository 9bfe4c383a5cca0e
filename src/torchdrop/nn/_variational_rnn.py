"""Recurrent layers that drop the same units at every time step."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.utils.rnn import PackedSequence, pack_padded_sequence, pad_packed_sequence

from ..errors import SettingError
from ..functional import check_probability, known_rate, variational_gru, variational_lstm


class _VariationalRNN(nn.RNNBase):
    """What the two have in common; comes before torch's class."""

    _run: Callable[..., tuple[Tensor, tuple[Tensor, ...]]]

    def _set_rates(self, p: float, p_recurrent: float) -> None:
        self.p = p
        self.p_recurrent = p_recurrent

    def forward(self, input: Any, hx: Any = None) -> Any:
        """Do what torch's layer does, in training with units dropped."""
        packed = isinstance(input, PackedSequence)
        x: Tensor = input.data if packed else input
        rates = known_rate(self.p, x), known_rate(self.p_recurrent, x)
        if not self.training or all(not isinstance(p, Tensor) and p == 0 for p in rates):
            return super().forward(input, hx)
        if packed:
            return self._forward_packed(input, hx)
        if x.ndim != 2:
            return self._forward_padded(x, hx)
        batch = 0 if self.batch_first else 1
        y, hx = self._forward_padded(x.unsqueeze(batch), _each(hx, lambda h: h.unsqueeze(1)))
        return y.squeeze(batch), _each(hx, lambda h: h.squeeze(1))

    def _forward_padded(self, x: Tensor, hx: Any) -> tuple[Tensor, Any]:
        if x.ndim != 3:
            axes = "(batch, time, features)" if self.batch_first else "(time, batch, features)"
            raise SettingError(
                f"{type(self).__name__} takes {axes}, or (time, features) for one sequence; got "
                f"shape {tuple(x.shape)}."
            )
        hx = self._initial_state(x, x.size(0 if self.batch_first else 1)) if hx is None else hx
        self.check_forward_args(x, hx, None)
        y, hx = self._forward_time_first(x.transpose(0, 1) if self.batch_first else x, hx)
        return y.transpose(0, 1) if self.batch_first else y, hx

    def _forward_packed(self, input: PackedSequence, hx: Any) -> tuple[PackedSequence, Any]:
        data, batch_sizes, order, back = input
        # Without its order it unpacks as it lies, the longest sequence first.
        x, lengths = pad_packed_sequence(PackedSequence(data, batch_sizes))
        hx = self._initial_state(x, x.size(1)) if hx is None else self.permute_hidden(hx, order)
        self.check_forward_args(data, hx, batch_sizes)
        y, hx = self._forward_time_first(x, hx, lengths.to(x.device))
        y = pack_padded_sequence(y, lengths).data
        return PackedSequence(y, batch_sizes, order, back), self.permute_hidden(hx, back)

    def _forward_time_first(
        self, x: Tensor, hx: Any, lengths: Tensor | None = None
    ) -> tuple[Tensor, Any]:
        y, state = self._run(
            x,
            hx if isinstance(hx, tuple) else (hx,),
            self.all_weights,
            self.p,
            self.p_recurrent,
            training=self.training,
            bidirectional=self.bidirectional,
            lengths=lengths,
        )
        return y, state if len(state) == 2 else state[0]

    def _initial_state(self, x: Tensor, batch: int) -> Any:
        networks = self.num_layers * (2 if self.bidirectional else 1)
        h = x.new_zeros(networks, batch, self.proj_size or self.hidden_size)
        if self.mode == "GRU":
            return h
        return h, x.new_zeros(networks, batch, self.hidden_size)

    def extra_repr(self) -> str:
        """Show the settings in `print(model)`."""
        return f"{super().extra_repr()}, p={self.p}, p_recurrent={self.p_recurrent}"


class VariationalLSTM(_VariationalRNN, nn.LSTM):
    """An LSTM that in training drops the same inputs and units of its state at every step.

    A drop-in for `torch.nn.LSTM`, and a subclass of it: parameters, `state_dict` keys and shapes
    are torch's, and so is evaluation, to the bit. In training, and unless both rates are 0, steps
    are computed one by one in Python by `torchdrop.functional.variational_lstm`, which is slower.

    Args:
        input_size: As in `torch.nn.LSTM`, like all that follow up to `dtype`.
        hidden_size: Units of the state.
        num_layers: Layers, one upon the other.
        bias: Whether there are biases.
        batch_first: Whether inputs and outputs are (batch, time, features).
        dropout: Only 0: torch's own dropout between layers, which draws anew at each step. It is
            here so that arguments stand where torch has them.
        bidirectional: Whether each layer has a second direction.
        proj_size: Size of a projected output; 0 means none.
        device: Of the parameters.
        dtype: Of the parameters.
        p: Probability of dropping an input of a layer, in `[0, 1]`. Not the keep rate.
        p_recurrent: Probability of dropping a unit of the state on its way into the next step.

    Raises:
        SettingError: If a rate lies outside `[0, 1]`, or `dropout` is not 0.

    Example:
        >>> import torch
        >>> layer, x = VariationalLSTM(3, 4, p=0.2, p_recurrent=0.3), torch.randn(5, 2, 3)
        >>> like = torch.nn.LSTM(3, 4)
        >>> _ = like.load_state_dict(layer.state_dict())
        >>> torch.equal(layer.eval()(x)[0], like(x)[0])
        True
    """

    _run = staticmethod(variational_lstm)

    def __init__(
        self,
        input_size: int,
        hidden_size: int,
        num_layers: int = 1,
        bias: bool = True,
        batch_first: bool = False,
        dropout: float = 0.0,
        bidirectional: bool = False,
        proj_size: int = 0,
        device: torch.device | str | int | None = None,
        dtype: torch.dtype | None = None,
        *,
        p: float = 0.5,
        p_recurrent: float = 0.5,
    ) -> None:
        _check_rates(dropout, p, p_recurrent)
        super().__init__(
            input_size,
            hidden_size,
            num_layers,
            bias,
            batch_first,
            bidirectional=bidirectional,
            proj_size=proj_size,
            device=device,
            dtype=dtype,
        )
        self._set_rates(p, p_recurrent)


class VariationalGRU(_VariationalRNN, nn.GRU):
    """A GRU that in training drops the same inputs and units of its state at every step.

    A drop-in for `torch.nn.GRU`, and a subclass of it: parameters, `state_dict` keys and shapes
    are torch's, and so is evaluation, to the bit. In training, and unless both rates are 0, steps
    are computed one by one in Python by `torchdrop.functional.variational_gru`, which is slower.

    Args:
        input_size: As in `torch.nn.GRU`, like all that follow up to `dtype`.
        hidden_size: Units of the state.
        num_layers: Layers, one upon the other.
        bias: Whether there are biases.
        batch_first: Whether inputs and outputs are (batch, time, features).
        dropout: Only 0: torch's own dropout between layers, which draws anew at each step. It is
            here so that arguments stand where torch has them.
        bidirectional: Whether each layer has a second direction.
        device: Of the parameters.
        dtype: Of the parameters.
        p: Probability of dropping an input of a layer, in `[0, 1]`. Not the keep rate.
        p_recurrent: Probability of dropping a unit of the state on its way into the next step.

    Raises:
        SettingError: If a rate lies outside `[0, 1]`, or `dropout` is not 0.

    Example:
        >>> import torch
        >>> layer, x = VariationalGRU(3, 4, p=0.2, p_recurrent=0.3), torch.randn(5, 2, 3)
        >>> like = torch.nn.GRU(3, 4)
        >>> _ = like.load_state_dict(layer.state_dict())
        >>> torch.equal(layer.eval()(x)[0], like(x)[0])
        True
    """

    _run = staticmethod(variational_gru)

    def __init__(
        self,
        input_size: int,
        hidden_size: int,
        num_layers: int = 1,
        bias: bool = True,
        batch_first: bool = False,
        dropout: float = 0.0,
        bidirectional: bool = False,
        device: torch.device | str | int | None = None,
        dtype: torch.dtype | None = None,
        *,
        p: float = 0.5,
        p_recurrent: float = 0.5,
    ) -> None:
        _check_rates(dropout, p, p_recurrent)
        super().__init__(
            input_size,
            hidden_size,
            num_layers,
            bias,
            batch_first,
            bidirectional=bidirectional,
            device=device,
            dtype=dtype,
        )
        self._set_rates(p, p_recurrent)


def _check_rates(dropout: float, p: float, p_recurrent: float) -> None:
    check_probability(p)
    check_probability(p_recurrent)
    if dropout != 0:
        raise SettingError(
            "dropout is torch's dropout between layers, which draws anew at each time step; got "
            f"dropout={dropout}. Give p={dropout} to drop the inputs of each layer."
        )


def _each(hx: Any, change: Callable[[Tensor], Tensor]) -> Any:
    """Change a state in torch's form: nothing, a tensor, or a tuple of them."""
    return tuple(map(change, hx)) if isinstance(hx, tuple) else hx if hx is None else change(hx)
