import torch
from torch import Tensor, nn

from torchdrop import networks
from torchdrop.data import Part
from torchdrop.training import Epoch, History, Objective, TrainingSettings, constrain_norm_, fit


def _fit(model: nn.Module, part: Part, **settings: object) -> History:
    return fit(
        model,
        part,
        part,
        Objective("classification"),
        TrainingSettings(**{"epochs": 5, "batch_size": 16, "lr": 0.01, **settings}),  # type: ignore[arg-type]
        order=torch.Generator().manual_seed(0),
    )


class _Spy(nn.Module):
    """Records the mode and gradient state of each forward pass."""

    def __init__(self) -> None:
        super().__init__()
        self.inner = nn.Linear(2, 2)
        self.seen: list[tuple[bool, bool, int]] = []

    def forward(self, x: Tensor) -> Tensor:
        self.seen.append((self.training, torch.is_grad_enabled(), len(x)))
        result: Tensor = self.inner(x)
        return result


def test_every_epoch_trains_in_training_mode_and_validates_in_evaluation_mode(blobs: Part) -> None:
    """Chapter point 13."""
    spy = _Spy()
    _fit(spy, blobs, epochs=2)
    steps = [(True, True, 16), (True, True, 16), (True, True, 16), (True, True, 12)]
    scores = [(False, False, 60), (False, False, 60)]

    assert spy.seen == (steps + scores) * 2


def test_a_model_left_in_evaluation_mode_is_trained_with_dropout_all_the_same(blobs: Part) -> None:
    """Chapter point 14: the forgotten switch cannot happen."""
    spy = _Spy().eval()
    _fit(spy, blobs, epochs=1)

    assert spy.seen[0][0]
    assert not spy.training


def test_it_learns(blobs: Part) -> None:
    history = _fit(networks.mlp(2, 16, 2, p=0.2), blobs, epochs=20)

    assert history.epochs[-1].validation_accuracy == 1.0
    assert history.epochs[-1].training_loss < history.epochs[0].training_loss


def test_it_equals_the_loop_everybody_writes(blobs: Part) -> None:
    """Plain SGD by hand, in torch's own words, gives the same weights."""
    torch.manual_seed(0)
    model, twin = networks.mlp(2, 8, 2, p=0.0), networks.mlp(2, 8, 2, p=0.0)
    twin.load_state_dict(model.state_dict())
    history = _fit(model, blobs, epochs=3, optimizer="sgd", lr=0.1)
    optimizer = torch.optim.SGD(twin.parameters(), lr=0.1, momentum=0.9, fused=True)
    order = torch.Generator().manual_seed(0)
    for _ in range(history.best.number):
        for rows in torch.split(torch.randperm(60, generator=order), 16):
            optimizer.zero_grad()
            loss = nn.functional.cross_entropy(twin(blobs.x[rows]), blobs.y[rows])
            loss.backward()  # type: ignore[no-untyped-call]
            optimizer.step()

    for name, value in model.state_dict().items():
        assert torch.equal(value, twin.state_dict()[name])


def test_the_best_epoch_is_restored(blobs: Part) -> None:
    model = networks.mlp(2, 16, 2, p=0.0)
    flipped = Part(blobs.x, 1 - blobs.y)  # what is learned makes validation worse and worse
    history = fit(
        model,
        blobs,
        flipped,
        Objective("classification"),
        TrainingSettings(epochs=5, lr=0.01),
        order=torch.Generator().manual_seed(0),
    )
    score = Objective("classification").score(model, flipped)

    assert history.best.number == 1
    assert score.loss == history.best.validation_loss


def test_training_loss_is_recorded_with_and_without_dropout(blobs: Part) -> None:
    """The noisy loss of the last epoch is above the loss without noise."""
    history = _fit(networks.mlp(2, 16, 2, p=0.8), blobs, epochs=30)
    last = history.epochs[-1]

    assert last.noisy_training_loss > last.training_loss


def test_divergence_ends_the_run(blobs: Part) -> None:
    history = _fit(networks.mlp(2, 8, 2, p=0.0), blobs, optimizer="sgd", lr=1e30, epochs=50)

    assert history.diverged
    assert len(history.epochs) < 50


def test_each_epoch_is_reported_as_it_ends(blobs: Part) -> None:
    seen: list[Epoch] = []
    history = fit(
        networks.mlp(2, 4, 2, p=0.5),
        blobs,
        blobs,
        Objective("classification"),
        TrainingSettings(epochs=3),
        order=torch.Generator(),
        on_epoch=seen.append,
    )

    assert tuple(seen) == history.epochs


def test_max_norm_holds_each_unit_to_its_limit(blobs: Part) -> None:
    model = networks.mlp(2, 16, 2, p=0.5)
    _fit(model, blobs, max_norm=0.5, lr=0.1)
    norms = torch.cat([m.weight.norm(dim=1) for m in model if isinstance(m, nn.Linear)])

    assert norms.max() <= 0.5 * (1 + 1e-5)


def test_max_norm_leaves_small_weights_alone() -> None:
    layer = nn.Linear(2, 2)
    before = layer.weight.detach().clone()
    constrain_norm_(layer, 100.0)

    assert torch.equal(layer.weight, before)


def test_a_last_batch_of_one_row_is_left_out(blobs: Part) -> None:
    spy = _Spy()
    _fit(spy, Part(blobs.x[:33], blobs.y[:33]), epochs=1)

    assert [rows for training, _, rows in spy.seen if training] == [16, 16]


def test_dropout_hinders_learning(blobs: Part) -> None:
    """Chapter point 16: with dropout the training loss falls more slowly."""

    def last_loss(p: float) -> float:
        torch.manual_seed(0)
        return _fit(networks.mlp(2, 16, 2, p=p), blobs, epochs=5).epochs[-1].training_loss

    assert last_loss(0.0) < last_loss(0.8)
