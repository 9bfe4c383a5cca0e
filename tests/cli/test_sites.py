import json

from .conftest import Run

MODELS = "tests.sites.models"


def test_the_map_shows_rates_neighbors_and_what_does_not_stop(run: Run) -> None:
    outcome = run("sites", f"{MODELS}:Functional", "--input", "64,8")
    lines = outcome.out.splitlines()

    assert outcome.code == 0
    assert lines[0].split()[:5] == ["site", "kind", "what", "p", "rate"]
    assert "0.25" in lines[1]
    assert "relu()" in lines[1]
    assert [" off " in lines[1], " ON " in lines[2]] == [True, True]
    assert any(line.startswith("Still drops in evaluation mode: ") for line in lines)


def test_what_the_input_never_reaches_gets_a_sentence(run: Run) -> None:
    out = run("sites", f"{MODELS}:Unused", "--input", "2,8").out

    assert "unreached" in out
    assert "Configured but never reached by this example: drop." in out


def test_without_an_input_it_says_what_is_missing(run: Run) -> None:
    out = run("sites", f"{MODELS}:Listed").out

    assert "drops[0]" in out
    assert "Give --input to see functional calls" in " ".join(out.split())
    assert "rate " not in out.splitlines()[0]


def test_as_json_it_is_nothing_but_the_records(run: Run) -> None:
    (site,) = json.loads(run("sites", f"{MODELS}:BUILT", "--input", "512,8", "--json").out)

    assert (site["name"], site["p"], site["before"]) == ("2", 0.5, "1 (ReLU)")
    assert 0.4 < site["rate"] < 0.6


def test_whole_numbers_are_an_input_too(run: Run) -> None:
    name = "torch.nn:Dropout"

    assert "does not run on the example" in run("sites", name, "--input", "2,8:100").err


def test_a_model_without_dropout_is_said_to_have_none(run: Run) -> None:
    assert "No dropout was found." in run("sites", "torch.nn:Identity").out


def test_bad_arguments_are_one_sentence(run: Run) -> None:
    for words, sentence in (
        ((f"{MODELS}:Functional", "--input", "3,x"), "Error: --input is a shape"),
        ((f"{MODELS}:Functional", "--input", "3,3"), "Error: The model does not run on"),
        ((f"{MODELS}:EncoderLayer",), "builds no model when called without arguments"),
        ((f"{MODELS}:Config",), "gives a Config"),
        (("nowhere:model",), "cannot be imported"),
    ):
        outcome = run("sites", *words)

        assert outcome.code == 2
        assert sentence in outcome.err
        assert outcome.out == ""


def test_help_has_an_example(run: Run) -> None:
    assert "torchdrop sites my_file:build --input" in run("sites", "--help").out
