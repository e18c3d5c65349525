"""A checksum of all that a registry holds: work that was broken off goes on only where nothing has
changed."""

from __future__ import annotations

import hashlib

import numpy as np

from registry.contract.registry import COLUMNS, Registry


def fingerprint(registry: Registry) -> str:
    """SHA-256 (hex) of every row of every table, and of the children's ids."""
    seal = hashlib.sha256()
    for name in COLUMNS:
        for column, values in registry.table(name).items():
            seal.update(f"{name}.{column}".encode())
            seal.update(np.ascontiguousarray(values).data)
    seal.update("\n".join(map(str, registry.child_ids)).encode())
    return seal.hexdigest()
