"""A health check for any dropout: torchdrop's, torch's, another library's, or your own."""

from ._check_dropout import check_dropout as check_dropout
from ._checks import CHECKS as CHECKS
from ._diagnosis import Diagnosis as Diagnosis
from ._diagnosis import Symptom as Symptom
