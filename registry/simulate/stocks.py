"""What is in the centres' store rooms: EDNF counted at the end of each month, out of what was given
out and how the month's delivery met the need."""

from __future__ import annotations

import numpy as np
import pyarrow as pa

from registry.contract.codes import RationItem
from registry.simulate.body import months_in_stock
from registry.simulate.contract_tables import codes, dates, numbers, texts
from registry.simulate.run import Columns

RAN_SHORT_BELOW = 0.9
"""A month whose delivery met less of the need than this ends with an empty store room."""
RESERVE_OF_MONTH, RESERVE_SACHETS = 0.5, 14.0
"""What is left at the end of another month: half of what it gave out, and a fortnight's ration."""


def stocks_table(
    stock_seeds: np.ndarray,
    centre: np.ndarray,
    rations: Columns,
    window: tuple[int, int],
    centre_ids: np.ndarray,
) -> pa.Table:
    """`stocks`: EDNF (sachets) of every centre on the last day of each month of the window.

    stock_seeds: one a centre; centre: position of the centre of each ration.
    """
    first, last = (np.datetime64(day, "D").astype("datetime64[M]") for day in window)
    months = np.arange(first, last + 1)
    ends = (months + 1).astype("datetime64[D]").astype(np.int64) - 1
    given = _given(centre, rations, months, len(stock_seeds))
    shares = np.empty(given.shape)
    months_in_stock(stock_seeds, np.arange(len(months)), shares)
    short = shares < RAN_SHORT_BELOW
    left = np.where(short, 0.0, np.round(RESERVE_OF_MONTH * given) + RESERVE_SACHETS)
    rows = np.repeat(np.arange(len(stock_seeds)), len(months))
    return pa.table(
        {
            "centre_id": texts(centre_ids, rows),
            "counted_on": dates(np.minimum(np.tile(ends, len(stock_seeds)), window[1])),
            "item": codes(np.full(len(rows), RationItem.EDNF), RationItem.texts()),
            "quantity": numbers(left.ravel(), 0),
        }
    )


def _given(centre: np.ndarray, rations: Columns, months: np.ndarray, centres: int) -> np.ndarray:
    """Sachets of EDNF that each centre (rows) gave out in each month (columns)."""
    ednf = rations["item"] == RationItem.EDNF
    days = rations["day"][ednf].astype("datetime64[D]").astype("datetime64[M]")
    month = (days - months[0]).astype(np.int64)
    given = np.zeros((centres, len(months)))
    inside = (month >= 0) & (month < len(months))
    np.add.at(given, (centre[ednf][inside], month[inside]), rations["quantity"][ednf][inside])
    return given
