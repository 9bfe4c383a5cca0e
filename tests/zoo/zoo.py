"""Every architecture of the zoo."""

import pytest

from . import huggingface_models, timm_models, torchvision_models

ENTRIES = [
    *timm_models.entries(),
    *torchvision_models.entries(),
    *huggingface_models.entries(),
]

every_architecture = pytest.mark.parametrize("entry", ENTRIES, ids=str)
