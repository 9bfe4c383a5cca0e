import copy
import pickle
import warnings
from collections.abc import Callable
from typing import Any

import pytest
import torch
from torch import Tensor, nn
from torch.nn.modules.dropout import _DropoutNd

import torchdrop
from torchdrop import nn as ours
from torchdrop.errors import ModelError, SettingError
from torchdrop.nn import Dropout
from torchdrop.surgery import convert, convert_


class _Net(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.blocks = nn.ModuleList([nn.Sequential(nn.Linear(4, 4), nn.Dropout(0.1))])
        self.heads = nn.ModuleDict({"a": nn.Dropout(0.2), "b": nn.Linear(4, 2)})
        self.drop = nn.Dropout(0.3, inplace=True)

    def forward(self, x: Tensor) -> Tensor:
        for block in self.blocks:
            x = block(x)
        result: Tensor = self.heads["b"](self.drop(self.heads["a"](x)))
        return result


def _seeded(layer: Callable[[Tensor], Tensor], x: Tensor, seed: int = 0) -> Tensor:
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        result: Tensor = layer(x.clone())
    return result


def test_the_package_offers_both_verbs() -> None:
    assert torchdrop.convert is convert
    assert torchdrop.convert_ is convert_


def test_every_dropout_is_swapped_wherever_it_is_nested() -> None:
    model = _Net()
    changes = convert_(model)

    assert [change.site for change in changes] == ["blocks.0.1", "heads.a", "drop"]
    assert [type(model.get_submodule(change.site)) for change in changes] == [Dropout] * 3
    assert not changes.left


def test_rate_and_in_placeness_are_kept() -> None:
    model = convert(nn.Sequential(nn.Dropout(0.2), nn.Dropout(0.7, inplace=True)))

    assert [repr(layer) for layer in model] == [
        *("Dropout(p=0.2, inplace=False)", "Dropout(p=0.7, inplace=True)")
    ]


def test_modes_are_kept_one_by_one() -> None:
    model = convert(nn.Sequential(nn.Dropout().eval(), nn.Dropout()))

    assert [model.training, model[0].training, model[1].training] == [True, False, True]


def test_keys_and_weights_are_kept() -> None:
    model = _Net()
    converted = convert(model)
    before, after = model.state_dict(), converted.state_dict()

    assert list(before) == list(after)
    assert all(torch.equal(before[key], after[key]) for key in before)
    converted.load_state_dict(before)


def test_evaluation_is_the_same_to_the_bit() -> None:
    model, x = _Net().eval(), torch.randn(5, 4)

    assert torch.equal(convert(model)(x.clone()), model(x.clone()))


def test_training_runs_on_torchdrops_masks() -> None:
    x = torch.ones(64)

    assert torch.equal(_seeded(convert(nn.Dropout(0.3)), x), _seeded(Dropout(0.3), x))


def test_the_copy_leaves_the_argument_alone() -> None:
    model = _Net()
    converted = convert(model)

    assert type(model.drop) is nn.Dropout
    assert type(converted.drop) is Dropout
    assert converted.heads["b"].weight is not model.heads["b"].weight


def test_a_second_conversion_changes_nothing() -> None:
    model = nn.Sequential(nn.Linear(2, 2), nn.ReLU(), nn.Dropout(), _Noisy())
    first, second = convert_(model, fuse=True), convert_(model, fuse=True)

    assert (len(first), len(second)) == (2, 0)
    assert first.left == second.left


def test_a_model_that_is_a_dropout_is_converted_too() -> None:
    model = nn.Dropout(0.4)
    changes = convert_(model)

    assert type(model) is Dropout
    assert [change.site for change in changes] == [""]
    assert "(model)  torch.nn.Dropout(p=0.4" in str(changes)


def test_anything_but_a_module_is_refused() -> None:
    with pytest.raises(ModelError, match=r"torch\.nn\.Module; got type"):
        convert_(nn.Dropout)  # type: ignore[arg-type]


def test_a_shared_layer_stays_shared() -> None:
    drop = nn.Dropout()
    model = nn.ModuleDict({"a": drop, "b": nn.Sequential(drop)})
    changes = convert_(model)

    assert model.get_submodule("a") is model.get_submodule("b.0")
    assert [change.why for change in changes] == [
        "torchdrop's masks",
        "torchdrop's masks; one layer with a",
    ]


def test_a_shared_block_is_changed_once() -> None:
    block = nn.Sequential(nn.ReLU(), nn.Dropout())
    changes = convert_(nn.Sequential(block, block), fuse=True)

    assert [change.site for change in changes] == ["0.0", "0.1"]


def test_references_outside_the_model_stay_valid() -> None:
    model = _Net()
    held = [model.drop]
    convert_(model)
    model.eval()

    assert held[0] is model.drop
    assert not held[0].training


def _record(seen: list[str], name: str) -> Callable[..., None]:
    def hook(*_: Any, **__: Any) -> None:
        seen.append(name)

    return hook


def test_every_hook_still_runs() -> None:
    layer: Any = nn.Dropout()
    seen: list[str] = []
    layer.register_forward_pre_hook(_record(seen, "before"))
    layer.register_forward_pre_hook(_record(seen, "before, keywords"), with_kwargs=True)
    layer.register_forward_hook(_record(seen, "after"))
    layer.register_forward_hook(_record(seen, "after, keywords"), with_kwargs=True)
    layer.register_full_backward_pre_hook(_record(seen, "backward"))
    layer.register_full_backward_hook(_record(seen, "back"))
    layer.register_state_dict_post_hook(_record(seen, "saved"))
    layer.register_load_state_dict_pre_hook(_record(seen, "loading"))
    model = nn.Sequential(nn.Linear(2, 2), layer)
    convert_(model)
    model(torch.ones(1, 2)).sum().backward()
    model.load_state_dict(model.state_dict())

    assert type(model[1]) is Dropout
    assert seen == [
        *("before", "before, keywords", "after", "after, keywords"),
        *("backward", "back", "saved", "loading"),
    ]


def test_a_hook_can_still_be_removed() -> None:
    layer, seen = nn.Dropout(), list[str]()
    handle = layer.register_forward_hook(_record(seen, "after"))
    convert_(nn.Sequential(layer))
    handle.remove()
    layer(torch.ones(2))

    assert not seen


def test_attributes_of_the_users_own_are_kept() -> None:
    layer = nn.Dropout()
    layer.name = "head"  # type: ignore[assignment]
    layer.register_buffer("count", torch.zeros(1))
    model = convert(nn.Sequential(layer))

    assert model[0].name == "head"
    assert list(model.state_dict()) == ["0.count"]


class _Frozen(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.body = nn.Sequential(nn.Linear(3, 3), nn.ReLU(), nn.Dropout())

    def train(self, mode: bool = True) -> "_Frozen":
        super().train(mode)
        self.body.eval()
        return self

    def forward(self, x: Tensor) -> Tensor:
        result: Tensor = self.body(x)
        return result


@pytest.mark.parametrize("fuse", [False, True])
def test_a_train_method_of_the_models_own_is_neither_called_nor_lost(fuse: bool) -> None:
    model = _Frozen()
    modes = [module.training for module in model.modules()]
    convert_(model, fuse=fuse)

    assert [module.training for module in model.modules()] == modes
    assert not model.train().body[2].training


class _Noisy(nn.Dropout):
    pass


class _OtherKind(_DropoutNd):
    pass


class _OwnAttention(nn.MultiheadAttention):
    pass


@pytest.mark.parametrize(
    ("layer", "why"),
    [
        (_Noisy(), "a subclass of torch's layer, which may do something else"),
        (_OtherKind(), "a subclass of torch's layer"),
        (_OwnAttention(4, 2, dropout=0.1), "a subclass of torch's layer"),
        (nn.LSTM(2, 2, 2, dropout=0.5), "its dropout=0.5 is a number inside torch's kernel"),
    ],
)
def test_other_dropout_is_left_alone_with_the_reason(layer: nn.Module, why: str) -> None:
    kind = type(layer)
    changes = convert_(nn.Sequential(layer))

    assert type(layer) is kind
    assert len(changes) == 0
    assert [(change.site, change.before) for change in changes.left] == [
        ("0", changes.left[0].after)
    ]
    assert why in changes.left[0].why


def test_a_layer_whose_forward_was_replaced_is_left_alone() -> None:
    layer = nn.Dropout()
    layer.forward = lambda input: input  # type: ignore[method-assign]

    assert "replaced by hand" in convert_(nn.Sequential(layer)).left[0].why


def test_a_layer_whose_rate_is_none_is_left_alone() -> None:
    layer = nn.Dropout()
    layer.p = True

    assert "its p=True is no probability" in convert_(nn.Sequential(layer)).left[0].why


KINDS: list[tuple[Any, Any, tuple[int, ...]]] = [
    (nn.Dropout, ours.Dropout, (20, 30)),
    (nn.Dropout1d, ours.Dropout1d, (20, 30, 2)),
    (nn.Dropout2d, ours.Dropout2d, (20, 30, 2, 2)),
    (nn.Dropout3d, ours.Dropout3d, (20, 30, 2, 2, 2)),
    (nn.AlphaDropout, ours.AlphaDropout, (20, 30)),
    (nn.FeatureAlphaDropout, ours.FeatureAlphaDropout, (20, 30, 2)),
]


@pytest.mark.parametrize(("torchs", "kind", "shape"), KINDS)
def test_every_kind_of_torchs_has_a_counterpart(
    torchs: Any, kind: Any, shape: tuple[int, ...]
) -> None:
    layer, x = torchs(0.3), torch.randn(shape)
    converted = convert(layer)

    assert type(converted) is kind
    assert torch.equal(_seeded(converted, x), _seeded(kind(0.3), x))
    assert torch.equal(converted.eval()(x), layer.eval()(x))


@pytest.mark.parametrize(("torchs", "kind", "shape"), KINDS)
def test_what_wrote_into_its_input_still_does_and_nothing_else(
    torchs: Any, kind: Any, shape: tuple[int, ...]
) -> None:
    layer, x = torchs(0.3, inplace=True), torch.ones(shape)
    converted, y = convert(layer), torch.ones(shape)
    layer(x)
    converted(y)

    assert (x == 1).all() == (y == 1).all()


def test_no_kind_of_torchs_is_forgotten() -> None:
    kinds = {kind for kind in vars(nn).values() if isinstance(kind, type)}
    dropouts = {kind for kind in kinds if issubclass(kind, _DropoutNd)}

    assert dropouts == {torchs for torchs, *_ in KINDS}


def test_channels_without_a_batch_are_refused_not_guessed() -> None:
    with pytest.raises(SettingError, match="batched=False"):
        convert(nn.Dropout1d())(torch.ones(3, 4))


@pytest.mark.parametrize("p", [0.0, 0.1])
@pytest.mark.parametrize("settings", [{}, {"kdim": 3, "vdim": 5, "add_bias_kv": True}])
def test_attention_is_converted_with_its_weights(p: float, settings: dict[str, Any]) -> None:
    layer = nn.MultiheadAttention(8, 2, dropout=p, **settings)
    weights = dict(layer.named_parameters())
    inputs = torch.randn(4, 3, 8), torch.randn(5, 3, layer.kdim), torch.randn(5, 3, layer.vdim)
    expected = layer.eval()(*inputs)
    changes = convert_(layer)

    assert type(layer) is ours.MultiheadAttention
    assert len(changes) == 1
    assert all(weight is weights[name] for name, weight in layer.named_parameters())
    torch.testing.assert_close(layer(*inputs), expected, rtol=0, atol=0)


def test_attention_with_an_odd_rate_is_left_alone() -> None:
    changes = convert_(nn.MultiheadAttention(4, 2, dropout=1.5))

    assert "its dropout=1.5 is no probability" in changes.left[0].why


@pytest.mark.parametrize("gradients", [True, False])
@pytest.mark.parametrize("masked", [True, False])
def test_a_transformer_is_converted_and_evaluates_to_the_same_bits(
    gradients: bool, masked: bool
) -> None:
    model = nn.TransformerEncoderLayer(8, 2, 16, dropout=0.1, batch_first=True)
    x, padding = torch.randn(2, 3, 8), torch.tensor([[False] * 3, [False, False, True]])
    converted = convert(model)
    with torch.set_grad_enabled(gradients):
        before, after = (
            layer.eval()(x, src_key_padding_mask=padding if masked else None)
            for layer in (model, converted)
        )

    assert type(converted.self_attn) is ours.MultiheadAttention
    assert torch.equal(before, after)


def test_every_dropout_of_a_transformer_is_torchdrops() -> None:
    model = nn.Transformer(8, 2, 1, 1, 16, dropout=0.3, batch_first=True)
    x = torch.randn(2, 3, 8)
    changes = convert_(model)

    assert len(changes) == 3 + 1 + 4 + 2
    assert not changes.left
    assert torch.equal(_seeded(lambda x: model(x, x), x), _seeded(lambda x: model(x, x), x))
    assert not torch.equal(_seeded(lambda x: model(x, x), x), _seeded(lambda x: model(x, x), x, 1))


def test_an_encoder_that_nests_its_sequences_evaluates_to_the_same_bits() -> None:
    layer = nn.TransformerEncoderLayer(8, 2, 16, dropout=0.1, batch_first=True)
    model = nn.TransformerEncoder(layer, 2).eval()
    converted = convert(model)
    x, padding = torch.randn(2, 3, 8), torch.tensor([[False] * 3, [False, False, True]])
    with torch.no_grad(), warnings.catch_warnings():
        warnings.filterwarnings("ignore", message=".*prototype")  # once in a process
        before, after = (encoder(x, src_key_padding_mask=padding) for encoder in (model, converted))

    assert torch.equal(before, after)


@pytest.mark.parametrize("duplicate", [copy.deepcopy, lambda m: pickle.loads(pickle.dumps(m))])
@pytest.mark.parametrize("fuse", [False, True])
def test_converted_models_can_be_copied_and_pickled(
    duplicate: Callable[[nn.Module], nn.Module], fuse: bool
) -> None:
    model = convert(nn.Sequential(nn.Linear(4, 9), nn.ReLU(), nn.Dropout()), fuse=fuse)
    x = torch.randn(3, 4)

    assert repr(duplicate(model)) == repr(model)
    assert torch.equal(_seeded(duplicate(model), x), _seeded(model, x))


@pytest.mark.filterwarnings("ignore:.*Function.* should not be instantiated:DeprecationWarning")
def test_a_model_compiled_before_its_conversion_is_compiled_again() -> None:
    layer, x = nn.Dropout(0.3), torch.ones(100)
    compiled = torch.compile(layer, backend="eager")
    _seeded(compiled, x)
    convert_(layer)

    assert torch.equal(_seeded(compiled, x), _seeded(Dropout(0.3), x))


def test_the_record_prints_as_a_table() -> None:
    model = nn.Sequential(nn.Linear(3, 2), nn.ReLU(), nn.Dropout(0.2), _Noisy(0.1))
    lines = str(convert_(model, fuse=True)).splitlines()

    assert [line.split()[0] for line in lines] == ["site", "1", "2", "3"]
    assert lines[0].index("why") == lines[3].index("a subclass of torch's layer")
    assert lines[0].index("after") == lines[3].index("left alone")
    assert str(convert_(nn.Linear(1, 1))) == "Nothing to change."
