"""What follows what: `Sequential`, lists that are built for it, and tensors in functions."""

import pytest

from torchdrop.audit.source import Project, SourceFile, chains, layers_of, pairs, sequentials

_HEAD = "import torch\nimport torch.nn.functional as F\nfrom torch import nn\n\n"


def _file(code: str) -> SourceFile:
    return Project().add("code.py", f"{_HEAD}{code}  # dropout\n")


def _kinds(code: str) -> list[str | None]:
    """Kinds of the layers of the one sequence in some code."""
    (found,) = sequentials(_file(code))
    return [layer.kind for layer in found[1]]


def _pairs(code: str) -> set[tuple[str | None, str | None]]:
    return {(first.kind, second.kind) for first, second in pairs(_file(code))}


@pytest.mark.parametrize(
    "code",
    [
        "x = nn.Sequential(nn.Linear(1, 1), nn.Dropout())",
        "x = nn.Sequential(*[nn.Linear(1, 1), nn.Dropout()])",
        "x = nn.Sequential(*([nn.Linear(1, 1)] + [nn.Dropout()]))",
        "a = [nn.Linear(1, 1)]\na += [nn.Dropout()]\nx = nn.Sequential(*a)",
        "a = []\na.append(nn.Linear(1, 1))\na.extend((nn.Dropout(),))\nx = nn.Sequential(*a)",
        "a = [nn.Linear(1, 1)]\na = a + [nn.Dropout()]\nx = nn.Sequential(*a)",
        "a: list = [nn.Linear(1, 1)]\nif p:\n    a.append(nn.Dropout(p))\nx = nn.Sequential(*a)",
        "x = nn.Sequential(nn.Linear(1, 1), nn.Identity(), nn.Dropout())",
        "x = nn.Sequential(nn.Linear(1, 1), nn.Dropout(p) if p else nn.Identity())",
    ],
)
def test_a_sequence_is_the_same_however_it_is_written(code: str) -> None:
    assert _kinds(code) == ["Linear", "Dropout"]


@pytest.mark.parametrize(
    "change",
    [
        "a.insert(0, nn.ReLU())",
        "a[0] = nn.ReLU()",
        "a.pop()",
        "grow(a)",
        "if p:\n    a.append(nn.ReLU())\nelse:\n    a.append(nn.Tanh())",
        "a.append(given)",
    ],
)
def test_what_cannot_be_followed_is_a_gap_and_no_neighbor(change: str) -> None:
    code = f"a = [nn.Linear(1, 1)]\n{change}\na.append(nn.Dropout())\nx = nn.Sequential(*a)"

    assert _kinds(code)[-2:] == [None, "Dropout"]


def test_rounds_of_a_loop_meet_each_other() -> None:
    loop = "for _ in y:\n    a += [nn.Linear(1, 1), nn.ReLU()]\n"

    assert _kinds(f"a = []\n{loop}x = nn.Sequential(*a)") == 2 * ["Linear", "ReLU"]


def test_behind_a_loop_with_exceptions_there_is_a_gap() -> None:
    """The last round may have left the dropout out."""
    loop = "for i in y:\n    a.append(nn.Linear(1, 1))\n    if i:\n        a.append(nn.Dropout())\n"

    assert _kinds(f"a = []\n{loop}a.append(nn.ReLU())\nx = nn.Sequential(*a)")[-3:] == [
        "Dropout",
        None,
        "ReLU",
    ]


@pytest.mark.parametrize(
    "body",
    [
        "return torch.relu(F.dropout(x))",
        "x = F.dropout(x)\n    return x.relu()",
        "with torch.no_grad():\n        x = F.dropout(x)\n    return F.relu_(x)",
        "h = F.dropout(x)\n    y = h\n    return F.relu(y)",
    ],
)
def test_a_tensor_is_followed_through_a_function(body: str) -> None:
    assert _pairs(f"def f(x):\n    {body}") == {("Dropout", "ReLU")}


@pytest.mark.parametrize(
    "between",
    [
        "x = x + 1",
        "x, y = x, 1",
        "x = g(x)",
        "if y:\n        x = g(x)",
        "for x in y:\n        pass",
    ],
)
def test_a_tensor_that_was_changed_is_another_one(between: str) -> None:
    assert not _pairs(f"def f(x, y):\n    x = F.dropout(x)\n    {between}\n    return F.relu(x)")


def test_an_attribute_with_two_values_is_neither() -> None:
    code = """
class M(nn.Module):
    def __init__(self, deep):
        self.drop = nn.Dropout()
        self.act = nn.ReLU()
        if deep:
            self.act = nn.Tanh()

    def forward(self, x):
        return self.act(self.drop(x))
"""
    assert not _pairs(code)
    assert _pairs(code.replace("if deep:\n            self.act = nn.Tanh()", "pass")) == {
        ("Dropout", "ReLU")
    }


def test_what_goes_into_a_loss_says_so() -> None:
    code = "def f(x, y):\n    return nn.MSELoss()(F.dropout(x), y)"

    assert [chain.end for chain in chains(_file(code))] == ["loss"]


def test_a_layer_that_refers_to_itself_ends() -> None:
    file = _file("class M(nn.Module):\n    def f(self):\n        self.a = nn.Sequential(self.a)")
    ((call, _),) = sequentials(file)

    assert [layer.kind for layer in layers_of(file, call)] == [None]
