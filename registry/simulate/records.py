"""Types of what the compiled functions are given."""

from __future__ import annotations

from typing import Any, Protocol

import numpy as np
import numpy.typing as npt


class Record(Protocol):
    """A NumPy record: its fields, as their dtype names them, are attributes."""

    def __getattr__(self, field: str) -> Any: ...

    def __setattr__(self, field: str, value: Any) -> None: ...


Child = Record
"""One child (`state.CHILD`), changed in place."""
Centre = Record
"""One centre (`state.CENTRE`)."""
Today = Record
"""One day of the calendar (`state.TODAY`)."""
Records = npt.NDArray[Any]
"""An array of such records."""
Book = Records
"""The rows that are being written (`book.ROW`)."""
Whole = int | np.int64
"""A whole number; codes are NumPy's (see `state`)."""
