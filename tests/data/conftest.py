import numpy as np
import pandas as pd
import pytest


@pytest.fixture
def people() -> pd.DataFrame:
    """60 rows of numbers, text and booleans, some missing; `income` is the target."""
    rng = np.random.default_rng(0)
    table: pd.DataFrame = pd.DataFrame(
        {
            "age": rng.normal(40, 10, 60),
            "children": rng.integers(0, 5, 60),
            "city": rng.choice(["Lima", "Oslo", "Rome"], 60),
            "smokes": rng.choice([True, False], 60),
        }
    )
    table["income"] = 1000 * table["age"] + rng.normal(0, 100, 60)
    table.loc[[3, 30, 50], "age"] = np.nan
    table.loc[[5, 6, 7, 40, 41], "city"] = None
    return table
