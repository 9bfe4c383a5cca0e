"""What the audit says of torchdrop itself."""

from pathlib import Path

import torchdrop
from torchdrop.audit import audit_paths, find_settings


def test_our_own_source_is_clean() -> None:
    source = Path(torchdrop.__file__).parent
    found = audit_paths([source], find_settings(source))

    assert not [x for x in found if x.severity != "advice"], str(found)
    assert not found.skipped
    assert found.files > 300
