import torch
from sklearn.metrics import accuracy_score, log_loss, mean_squared_error
from torch import nn

from torchdrop.data import Part
from torchdrop.nn import Dropout
from torchdrop.training import Objective


def test_classification_is_scored_like_scikit_learn() -> None:
    x, y = torch.randn(50, 3), torch.arange(50) % 3
    score = Objective("classification").score(nn.Identity(), Part(x, y))
    probabilities = x.double().softmax(1).numpy()

    assert abs(score.loss - log_loss(y, probabilities)) < 1e-6
    assert score.accuracy == accuracy_score(y, x.argmax(1))


def test_regression_is_scored_like_scikit_learn() -> None:
    x, y = torch.randn(50, 1), torch.randn(50)
    score = Objective("regression").score(nn.Identity(), Part(x, y))

    assert abs(score.loss - mean_squared_error(y, x)) < 1e-6
    assert score.accuracy is None


def test_a_column_of_predictions_is_not_broadcast_against_the_target() -> None:
    output, target = torch.zeros(4, 1), torch.tensor([0.0, 1.0, 2.0, 3.0])

    assert Objective("regression").loss(output, target) == 14 / 4


def test_scores_are_taken_without_dropout_and_leave_the_mode() -> None:
    model = Dropout(0.9)
    x = torch.eye(5)
    first, second = (
        Objective("classification").score(model, Part(x, torch.arange(5))) for _ in range(2)
    )

    assert first == second
    assert first.accuracy == 1.0
    assert model.training


def test_scores_over_many_chunks_are_the_mean_over_rows() -> None:
    x, y = torch.randn(10_000, 1), torch.randn(10_000)
    score = Objective("regression").score(nn.Identity(), Part(x, y))

    assert abs(score.loss - ((x[:, 0] - y) ** 2).mean().item()) < 1e-5
