"""The store as the service's own process may open it: one SQLite library for everything.

The bulk driver (ADBC) brings a second copy of SQLite. Two copies in one process undo each other's
file locks: when the second closes a database in WAL mode it takes the log away from under the
first, which from then on answers "disk I/O error" (SQLite, "How To Corrupt", 2.2.1). So the process
that holds the score book open reads and imports through Python's own library; PostgreSQL is a
server and knows no such trouble.
"""

from __future__ import annotations

from registry.contract.errors import BadInput
from registry.store.bulk import Bulk, connect
from registry.store.connections.plain_bulk import PlainBulk
from registry.store.store import Store, database_file, store_url


class PlainStore(Store):
    """A store whose bulk connections share the process with an open score book."""

    def bulk(self) -> Bulk:
        """A connection for whole columns; a transaction of its own."""
        path = database_file(self.url)
        return connect(self.url) if path is None else PlainBulk(path)

    def reading(self) -> Bulk:
        """The same: a page of the service does not wait for a replica."""
        return self.bulk()


def open_beside_the_book(address: str) -> PlainStore:
    """Open a store that is there already. Raises BadInput (REG060) where it is not."""
    url = store_url(address)
    path = database_file(url)
    if path is not None and not path.exists():
        raise BadInput(
            "REG060",
            "there is no store at this address: `sanket import SOURCE --to STORE` makes one",
        )
    return PlainStore(url)
