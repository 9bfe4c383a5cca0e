import inspect
from typing import Any

import pytest
import torch
from torch import Tensor, nn
from torch.nn.utils.rnn import pack_sequence, pad_packed_sequence

from torchdrop.errors import SettingError
from torchdrop.nn import VariationalGRU, VariationalLSTM

KINDS: list[tuple[Any, Any]] = [(VariationalLSTM, nn.LSTM), (VariationalGRU, nn.GRU)]
SETTINGS: list[dict[str, Any]] = [
    {},
    {"batch_first": True, "bias": False},
    {"num_layers": 2, "bidirectional": True},
]
KEPT = 1e-12  # draws masks that are all ones


@pytest.fixture(params=KINDS, ids=["LSTM", "GRU"])
def kinds(request: pytest.FixtureRequest) -> Any:
    return request.param


def _pair(kinds: Any, p: float = KEPT, **settings: Any) -> tuple[Any, Any]:
    """Build ours and torch's with the same weights."""
    ours = kinds[0](5, 4, dtype=torch.float64, p=p, p_recurrent=p, **settings)
    torchs = kinds[1](5, 4, dtype=torch.float64, **settings)
    torchs.load_state_dict(ours.state_dict())
    return ours, torchs


def _randn(*shape: int) -> Tensor:
    return torch.randn(shape, dtype=torch.float64, generator=torch.Generator().manual_seed(7))


def _state(layer: Any, *batch: int) -> Any:
    networks = len(layer.all_weights)
    h = _randn(networks, *batch, layer.proj_size or 4)
    return h if isinstance(layer, nn.GRU) else (h, -_randn(networks, *batch, 4))


def _equal(first: Any, second: Any) -> None:
    torch.testing.assert_close(first, second, rtol=0, atol=0)


def _close(first: Any, second: Any) -> None:
    torch.testing.assert_close(first, second, rtol=0, atol=1e-12)


def test_it_is_torchs_layer_to_code_that_looks_for_it(kinds: Any) -> None:
    names = [list(inspect.signature(kind).parameters) for kind in (kinds[0], nn.LSTM, nn.RNNBase)]
    torchs = names[2][1:] if kinds[1] is nn.LSTM else names[2][1:8] + names[2][9:]

    assert isinstance(kinds[0](5, 4), kinds[1])
    assert names[0] == [*torchs, "p", "p_recurrent"]


@pytest.mark.parametrize("settings", SETTINGS)
@pytest.mark.parametrize(("p", "training"), [(0.0, True), (0.5, False)])
def test_without_dropping_the_bits_are_torchs(
    kinds: Any, p: float, training: bool, settings: dict[str, Any]
) -> None:
    ours, torchs = _pair(kinds, p, **settings)

    _equal(ours.train(training)(_randn(6, 3, 5)), torchs(_randn(6, 3, 5)))


@pytest.mark.parametrize("settings", SETTINGS)
def test_shapes_and_values_are_torchs_where_all_is_kept(
    kinds: Any, settings: dict[str, Any]
) -> None:
    ours, torchs = _pair(kinds, **settings)
    batch = 6 if settings.get("batch_first") else 3

    _close(ours(_randn(6, 3, 5)), torchs(_randn(6, 3, 5)))
    _close(ours(_randn(6, 3, 5), _state(ours, batch)), torchs(_randn(6, 3, 5), _state(ours, batch)))


@pytest.mark.parametrize("settings", SETTINGS)
def test_one_sequence_needs_no_batch(kinds: Any, settings: dict[str, Any]) -> None:
    ours, torchs = _pair(kinds, **settings)

    _close(ours(_randn(6, 5)), torchs(_randn(6, 5)))
    _close(ours(_randn(6, 5), _state(ours)), torchs(_randn(6, 5), _state(ours)))


@pytest.mark.parametrize("settings", SETTINGS)
@pytest.mark.parametrize(("lengths", "in_order"), [((2, 5, 3), False), ((5, 3, 3), True)])
def test_packed_sequences_are_taken(
    kinds: Any, settings: dict[str, Any], lengths: tuple[int, ...], in_order: bool
) -> None:
    ours, torchs = _pair(kinds, **settings)
    packed = pack_sequence([_randn(length, 5) for length in lengths], enforce_sorted=in_order)
    for arguments in ((packed,), (packed, _state(ours, 3))):
        (y, final), (expected, last) = ours(*arguments), torchs(*arguments)

        _close(y.data, expected.data)
        _close(final, last)
        assert all(a is b for a, b in zip(y[1:], packed[1:], strict=True))


def test_an_lstm_may_project_its_output() -> None:
    ours, torchs = _pair(KINDS[0], proj_size=2, num_layers=2)

    _close(ours(_randn(6, 3, 5), _state(ours, 3)), torchs(_randn(6, 3, 5), _state(ours, 3)))


def test_a_padded_sequence_drops_as_it_does_alone(kinds: Any) -> None:
    ours, _ = _pair(kinds, 0.5)
    packed = pack_sequence([_randn(5, 5), _randn(3, 5)])
    padded, lengths = pad_packed_sequence(packed)
    with torch.random.fork_rng():
        torch.manual_seed(0)
        y, _ = pad_packed_sequence(ours(packed)[0])
        torch.manual_seed(0)
        expected = ours(padded)[0]
    for b, length in enumerate(lengths.tolist()):
        _equal(y[:length, b], expected[:length, b])


def test_gradients_reach_every_weight(kinds: Any) -> None:
    ours, _ = _pair(kinds, 0.3, num_layers=2, bidirectional=True)
    ours(_randn(6, 3, 5))[0].square().sum().backward()

    assert all(weight.grad.abs().sum() > 0 for weight in ours.parameters())


def test_a_rate_may_be_a_buffer(kinds: Any) -> None:
    ours, torchs = _pair(kinds, 0.5)
    for name in ("p", "p_recurrent"):
        delattr(ours, name)
        ours.register_buffer(name, torch.zeros((), dtype=torch.float64), persistent=False)

    _equal(ours(_randn(6, 3, 5)), torchs(_randn(6, 3, 5)))
    ours.p.fill_(1.0)
    _close(ours(_randn(6, 3, 5)), torchs(torch.zeros(6, 3, 5, dtype=torch.float64)))


def test_weights_may_be_given_by_a_functional_call(kinds: Any) -> None:
    ours, torchs = _pair(kinds)
    weights = {name: 2 * weight for name, weight in ours.named_parameters()}
    torchs.load_state_dict(weights)

    _close(torch.func.functional_call(ours, weights, _randn(6, 3, 5)), torchs(_randn(6, 3, 5)))


def test_torchs_own_dropout_is_refused(kinds: Any) -> None:
    with pytest.raises(SettingError, match=r"dropout=0\.3\. Give p=0\.3"):
        kinds[0](5, 4, num_layers=2, dropout=0.3)


def test_a_recurrent_rate_out_of_range_is_refused(kinds: Any) -> None:
    with pytest.raises(SettingError, match=r"got p=1\.5"):
        kinds[0](5, 4, p_recurrent=1.5)


def test_inputs_of_another_shape_are_refused_in_training(kinds: Any) -> None:
    ours, _ = _pair(kinds, 0.5)
    with pytest.raises(SettingError, match=r"\(time, batch, features\).*got shape \(1, 2, 3, 5\)"):
        ours(_randn(1, 2, 3, 5))
    with pytest.raises(RuntimeError, match="must be equal to input_size"):
        ours(_randn(2, 3, 6))
    with pytest.raises(RuntimeError, match="Expected hidden"):
        ours(_randn(2, 3, 5), _state(ours, 9))
