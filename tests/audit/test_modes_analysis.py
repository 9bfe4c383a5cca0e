"""What functions do to modes: followed through branches, loops, exits, contexts and calls."""

import ast
import re
from pathlib import Path

import pytest

from torchdrop.audit import audit_paths, audit_text
from torchdrop.audit.source import Flow, Project, SourceFile, flow_of, flows, is_model

HEAD = "import torch\nfrom torch import nn\n"
SNIPPETS = Path(__file__).parent / "snippets"


def _file(text: str) -> SourceFile:
    return Project().add("case.py", HEAD + text)


def _flow(text: str, name: str = "f") -> Flow:
    file = _file(text)
    functions = file.nodes(ast.FunctionDef)
    flow = flow_of(file, next(x for x in functions if x.name == name))
    assert flow is not None
    return flow


def _left(text: str, key: str = "model") -> set[str]:
    """Modes in which `f` leaves its model."""
    return {setting.mode for setting in _flow(text).exit.of(key)}


def _runs(text: str) -> list[set[str]]:
    """Modes in which `f` runs its model, run by run."""
    return [{s.mode for s in forward.modes} for forward in _flow(text).forwards]


def test_a_switch_is_what_a_function_leaves() -> None:
    assert _left("def f(model):\n    model.eval()\n    return model(1)") == {"eval"}
    assert _left("def f(model):\n    return model(1)") == {"entry"}


@pytest.mark.parametrize("call", ["train(False)", "train(mode=False)", "eval()", "train(0)"])
def test_every_spelling_of_eval_counts(call: str) -> None:
    assert _left(f"def f(model):\n    model.{call}\n    return model(1)") == {"eval"}


@pytest.mark.parametrize(
    "call", ["eval({'a': 1})", "eval('a + b')", "train(loader, 3)", "train(lr=1)"]
)
def test_a_call_with_other_arguments_is_no_switch(call: str) -> None:
    assert _left(f"def f(model):\n    model.{call}\n    return model(1)") == {"entry"}


def test_an_early_return_leaves_by_its_own_way() -> None:
    text = "def f(model, x):\n    model.eval()\n    if x: return model(x)\n    model.train()"

    assert _left(text) == {"eval", "train"}


def test_finally_reaches_every_exit() -> None:
    text = (
        "def f(model, x):\n    model.eval()\n    try:\n        if x: return model(x)\n"
        "        return 1\n    finally:\n        model.train()"
    )

    assert _left(text) == {"train"}


def test_a_saved_mode_is_brought_back() -> None:
    for end in ("model.train(was)", "if was: model.train()"):
        text = f"def f(model):\n    was = model.training\n    model.eval()\n    model(1)\n    {end}"
        assert _left(text) == {"entry"}, end


def test_tests_that_are_alike_come_out_alike() -> None:
    text = "def f(model, a):\n    if a: model.eval()\n    model(1)\n    if a: model.train()"

    assert _left(text) == {"entry", "train"}


def test_a_loop_carries_modes_to_its_next_turn() -> None:
    text = "def f(model, xs):\n    model.train()\n    for x in xs:\n        model(x); model.eval()"

    assert _runs(text) == [{"train", "eval"}]


def test_a_break_skips_what_follows_it() -> None:
    text = (
        "def f(model, xs):\n    model.train()\n    for x in xs:\n        model.eval()\n"
        "        if x: break\n        model.train()"
    )

    assert _left(text) == {"train", "eval"}


def test_what_a_function_leaves_reaches_its_callers() -> None:
    helper = "def g(net, quiet=True):\n    net.eval()\n    net(1)\n"

    assert _left(helper + "def f(model):\n    g(quiet=False, net=model)\n    model(1)") == {"eval"}


def test_methods_are_followed_on_self_and_on_objects() -> None:
    text = (
        "class T:\n    def __init__(self, net):\n        self.net = net\n"
        "    def rest(self):\n        self.net.eval()\n        return self.net(1)\n"
        "    def f(self):\n        self.rest()\n"
        "def g(model):\n    t = T(model)\n    t.rest()\n"
    )

    assert _left(text, "self.net") == {"eval"}
    assert {s.mode for s in _flow(text, "g").exit.of("t.net")} == {"eval"}


def test_functions_of_other_files_are_followed(tmp_path: Path) -> None:
    (tmp_path / "engine.py").write_text("def rest(net):\n    net.eval()\n    net(1)\n")
    main = tmp_path / "main.py"
    main.write_text("import torch\nfrom engine import rest\ndef f(model):\n    rest(model)\n")
    paths = {path.stem: path for path in tmp_path.glob("*.py")}
    file = Project(paths).file("main")
    assert file is not None
    flow = next(flow for flow in flows(file) if flow.name == "f")

    assert {setting.via for setting in flow.exit.of("model")} == {"rest"}


def test_functions_that_call_each_other_end() -> None:
    text = (
        "def f(model, n):\n    model.eval()\n    g(model, n)\n"
        "def g(model, n):\n    if n: f(model, n - 1)\n    model.train()\n    model(n)\n"
    )

    assert _left(text) <= {"eval", "train"}


@pytest.mark.parametrize(
    ("line", "same"),
    [
        ("other = model", True),
        ("other = nn.DataParallel(model)", True),
        ("other = model.cuda()", True),
        ("other = torch.compile(model)", True),
        ("other = copy.deepcopy(model)", False),
        ("other = make(model)", False),
    ],
)
def test_names_share_a_mode_only_if_they_share_the_model(line: str, same: bool) -> None:
    text = f"import copy\ndef f(model):\n    {line}\n    other.eval()\n    other(model(1))"

    assert ("eval" in _left(text)) is same


def test_a_module_inside_a_wrapper_is_the_same_model() -> None:
    text = (
        "def f(model):\n    model = nn.DataParallel(model)\n    model.module.eval()\n    model(1)"
    )

    assert _left(text) == {"eval"}


def test_a_name_that_is_given_something_new_lets_the_other_keep_its_model() -> None:
    text = "def f(a):\n    b = a\n    a.eval()\n    a = nn.Linear(1, 1)\n    b(1)\n    a(1)"

    assert _runs(text) == [{"eval"}, {"fresh"}]


def test_a_context_that_restores_is_left_as_it_was_entered() -> None:
    manager = (
        "import contextlib\n@contextlib.contextmanager\ndef quiet(net):\n"
        "    was = net.training\n    net.eval()\n    try:\n        yield net\n"
        "    finally:\n        net.train(was)\n"
    )
    body = (
        "def f(model):\n    model.train()\n    with quiet(model):\n        model(1)\n    model(2)"
    )

    assert _runs(manager + body) == [{"eval"}, {"train"}]
    assert _left(manager + body) == {"train"}


def test_an_unknown_function_may_do_anything_to_a_model() -> None:
    text = "from elsewhere import g\ndef f(model):\n    model.eval()\n    g(model)\n    model(1)"

    assert _left(text) == {"eval", "unknown"}


def test_an_unknown_mode_is_not_guessed() -> None:
    assert _left("def f(model, on):\n    model.train(on)\n    model(1)") == {"unknown"}


def test_a_name_alone_makes_no_model() -> None:
    file = _file("def f(model, evaluator):\n    model.name\n    evaluator.eval({})\n")
    names = [x for x in file.nodes(ast.Name) if x.id in ("model", "evaluator")]

    assert len(names) == 2
    assert not any(is_model(file, name) for name in names)


@pytest.mark.parametrize(
    ("snippet", "rule"),
    [("C02", "DRP209"), ("C05", "DRP208"), ("C10", "DRP215"), ("C11", "DRP213"), ("C12", "DRP214")],
)
def test_source_shows_what_these_runs_show(snippet: str, rule: str) -> None:
    found = [x.rule for x in audit_paths([SNIPPETS / f"{snippet}.py"]) if x.severity != "advice"]

    assert found == [rule]


GOOD = (
    HEAD
    + """
import torch.nn.functional as F

class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.body = nn.Sequential(nn.Linear(4, 8), nn.Dropout(0.5), nn.Linear(8, 1))

    def forward(self, x):
        return self.body(x)

def train_one(model, loader, optimizer):
    model.train()
    for x, y in loader:
        optimizer.zero_grad()
        F.mse_loss(model(x), y).backward()
        optimizer.step()

@torch.no_grad()
def evaluate(model, loader):
    model.eval()
    return sum(F.mse_loss(model(x), y) for x, y in loader)

def main(loader, val_loader):
    net = Net()
    optimizer = torch.optim.Adam(net.parameters())
    for epoch in range(3):
        train_one(net, loader, optimizer)
        print(evaluate(net, val_loader))
    torch.jit.trace(net, torch.ones(1, 4)).save("net.pt")
"""
)


@pytest.mark.parametrize(
    ("before", "after", "rules"),
    [
        (r"", "", set()),
        (r"    model\.train\(\)\n", "", {"DRP203"}),
        (r"    model\.eval\(\)\n", "", {"DRP201", "DRP207"}),
        (r"model\.eval\(\)", "model.eval", {"DRP201", "DRP202", "DRP207"}),
        (r"model\.train\(\)", "model.train", {"DRP202", "DRP203"}),
        (r"model\.train\(\)", "model.train(False)", {"DRP209"}),
        (r"model\.train\(\)", "model.training = True", {"DRP203", "DRP204"}),
    ],
)
def test_a_good_script_is_found_as_soon_as_a_line_is_spoilt(
    before: str, after: str, rules: set[str]
) -> None:
    text = re.sub(before, after, GOOD, count=1) if before else GOOD

    assert {x.rule for x in audit_text(text) if x.severity != "advice"} == rules
