"""What linkage looks at in one register: present facts of each child and its measurements, no
name."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from registry.contract.arrays import AnyArray, Codes, Days, Flags, Floats, Ints, Texts
from registry.contract.registry import NEVER, Registry, Table


@dataclass(frozen=True)
class RegisterView:
    """One row a child, in any order; measurements sorted by (child, day).

    `sex` is a code (-1 missing); `birth_date` a day number; `centre`, `sector`, `district` and
    `family` positions in texts that both registers share (-1 missing or not comparable); `filters`
    are encoded names (children, bytes), of which `named` says whose there are. `measured_child` is
    a position in these children.
    """

    child_ids: Texts
    sex: Codes
    birth_date: Days
    birth_weight_kg: Floats
    centre: Ints
    sector: Ints
    district: Ints
    family: Ints
    filters: AnyArray
    named: Flags
    measured_child: Ints
    measured_on: Days
    weight_kg: Floats
    height_cm: Floats

    def __len__(self) -> int:
        return len(self.child_ids)


def views_of(
    one: Registry, other: Registry, *, families: tuple[Texts | None, Texts | None] = (None, None)
) -> tuple[RegisterView, RegisterView]:
    """Both registers with places and families in shared positions.

    `families` are the texts behind the positions of families. They are keyed hashes: where the two
    registers share none, they were made under two keys and are not compared.
    """
    views = [_view(registry) for registry in (one, other)]
    for kind in ("centre", "sector", "district"):
        texts = [getattr(registry, f"{kind}_ids") for registry in (one, other)]
        views = _in_shared_positions(kind, views, texts)
    if families[0] is None or families[1] is None:
        views = [replace(view, family=np.full(len(view), -1, np.int64)) for view in views]
    else:
        views = _in_shared_positions("family", views, [families[0], families[1]])
    return views[0], views[1]


def with_names(view: RegisterView, filters: dict[str, bytes]) -> RegisterView:
    """The view with encoded names by child id; a child without one has none."""
    width = len(next(iter(filters.values()), b""))
    found = [filters.get(str(child)) for child in view.child_ids]
    rows = b"".join(one or bytes(width) for one in found)
    return replace(
        view,
        filters=np.frombuffer(rows, np.uint8).reshape(len(found), width),
        named=np.array([one is not None for one in found], np.bool_),
    )


def _view(registry: Registry) -> RegisterView:
    children = _present(registry.children)
    position = np.full(len(registry.child_ids) + 1, -1, np.int64)
    position[children["child"]] = np.arange(children.rows)
    places = _places(registry, children["centre"])
    rows = _present(registry.measurements)
    rows = rows.take(position[rows["child"]] >= 0)
    child = position[rows["child"]]
    order = np.lexsort([rows["height_cm"], rows["weight_kg"], rows["measured_on"], child])
    return RegisterView(
        child_ids=registry.child_ids[children["child"]],
        sex=children["sex"],
        birth_date=children["birth_date"],
        birth_weight_kg=children["birth_weight_kg"],
        centre=children["centre"].astype(np.int64),
        sector=places["sector"],
        district=places["district"],
        family=children["family"].astype(np.int64),
        filters=np.zeros((children.rows, 0), np.uint8),
        named=np.zeros(children.rows, np.bool_),
        measured_child=child[order],
        measured_on=rows["measured_on"][order],
        weight_kg=rows["weight_kg"][order],
        height_cm=rows["height_cm"][order],
    )


def _present(table: Table) -> Table:
    """The rows as known today: no version that another took the place of."""
    return table.take(table["known_until"] == NEVER)


def _places(registry: Registry, centre: Days) -> dict[str, Ints]:
    """Sector and district of each child's centre, -1 where the centre is unknown."""
    centres = _present(registry.centres)
    found = {}
    for kind in ("sector", "district"):
        of_centre = np.full(len(registry.centre_ids) + 1, -1, np.int64)
        of_centre[centres["centre"]] = centres[kind]
        found[kind] = of_centre[centre]
    return found


def _in_shared_positions(
    kind: str, views: list[RegisterView], texts: list[Texts]
) -> list[RegisterView]:
    """Positions in the union of both registers' texts; all -1 where they have no text in
    common."""
    mine, theirs = (set(map(str, one)) for one in texts)
    rank = {text: at for at, text in enumerate(sorted(mine | theirs))} if mine & theirs else {}
    shared = []
    for view, own in zip(views, texts, strict=True):
        there = np.array([rank.get(str(text), -1) for text in own] + [-1], np.int64)
        shared.append(replace(view, **{kind: there[getattr(view, kind)]}))
    return shared
