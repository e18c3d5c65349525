"""What tells landmark rows apart wherever they were made."""

from __future__ import annotations

import pandas as pd

from registry.contract.arrays import AnyArray


def told_apart(child: AnyArray, index_on: AnyArray, landmark: AnyArray) -> pd.MultiIndex:
    """Child, day of the index and landmark; of two stays that end on one day, which comes first:
    they stand in one order everywhere."""
    told = pd.DataFrame({"child": child, "index_on": index_on, "landmark": landmark})
    told = told.assign(
        index_on=told["index_on"].astype("datetime64[s]"), landmark=told["landmark"].astype("int64")
    )
    nth = told.groupby(["child", "index_on", "landmark"]).cumcount()
    return pd.MultiIndex.from_frame(told.assign(nth=nth))
