"""Each bug is caught by the check that is meant to, and no other check raises a false alarm."""

import pytest
import torch

from torchdrop.testing import CHECKS, check_dropout

from .cases import CASES, Case, Layer


@pytest.mark.parametrize("case", CASES.values(), ids=CASES)
def test_a_bug_is_caught_by_its_check_and_by_no_other(case: Case) -> None:
    torch.manual_seed(0)

    diagnosis = check_dropout(case.make(case.p), case.p, **case.settings)

    assert {s.check for s in diagnosis.sick} == {case.caught, *case.consequences}, str(diagnosis)


def test_what_the_cases_have_in_common_is_healthy() -> None:
    check_dropout(Layer(0.1), 0.1).raise_if_sick()


def test_every_check_catches_a_bug() -> None:
    caught = {check for case in CASES.values() for check in (case.caught, *case.consequences)}

    assert caught == set(CHECKS)
