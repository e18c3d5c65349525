"""The store as the service's own process may open it: one SQLite library for everything.

The service has the score book open through Python's own copy of SQLite from its first request on;
what that asks of imports beside it is told in `registry/store/plain_bulk.py`. PostgreSQL is a
server and knows no such trouble.
"""

from __future__ import annotations

from pathlib import Path

from registry.contract.errors import BadInput
from registry.store.bulk import Bulk, connect
from registry.store.plain_bulk import PlainBulk
from registry.store.store import Store, store_url


class PlainStore(Store):
    """A store whose bulk connections share the process with an open score book."""

    def bulk(self) -> Bulk:
        """A connection for whole columns; a transaction of its own."""
        return (
            PlainBulk(self.url.database)
            if self.url.get_backend_name() == "sqlite"
            else connect(self.url)
        )


def open_beside_the_book(address: str) -> PlainStore:
    """Open a store that is there already. Raises BadInput (REG060) where it is not."""
    url = store_url(address)
    if url.get_backend_name() == "sqlite" and not Path(url.database).exists():
        raise BadInput(
            "REG060",
            "there is no store at this address: `sanket import SOURCE --to STORE` makes one",
        )
    return PlainStore(url)
