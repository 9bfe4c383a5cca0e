import pytest

from torchdrop.audit import audit_model

from . import claims
from .entry import Entry
from .state import differences, everything
from .zoo import every_architecture

pytestmark = pytest.mark.slow

_DEAD_LAYERS = {
    "transformers/AlbertModel": "AlbertLayer.dropout is in no forward",
    "transformers/XLNetModel": "XLNetLayer.dropout is in no forward",
}


@every_architecture
def test_the_audit_raises_no_false_alarm(entry: Entry) -> None:
    alarms = [x for x in audit_model(entry.model(), entry.example()) if x.severity != "advice"]

    assert bool(alarms) == (entry.name in _DEAD_LAYERS), "\n".join(map(str, alarms))


@every_architecture
def test_the_audit_leaves_no_trace(entry: Entry) -> None:
    model, inputs = entry.model(), entry.example()
    claims._mix_modes(model)
    before = everything(model)
    audit_model(model)
    audit_model(model, inputs)

    assert not (changed := differences(model, before)), changed
