"""A page of a listing, and one row of it, as SQL.

A page begins after the row that the last one ended with, wherever that row stands by now: rows that come or
go before it move nothing. NULL sorts before everything, on every database.
"""

from collections.abc import Callable, Iterable, Sequence
from typing import Any

from msgspec import Struct
from msgspec.structs import replace

from maestrale.errors import InvalidInput, NotFound
from maestrale.store.blobs import BlobReader
from maestrale.store.columns import Kind
from maestrale.store.conditions import Clause, condition_clause, data_test, is_about_data, stored_data
from maestrale.store.database import Database, Dialect
from maestrale.store.listing_tables import Attribute, Listing
from maestrale.store.listings import Access, Condition, Order, Query
from maestrale.store.tables import decoding
from maestrale.store.visibility import visible

# An `in` on the states with no more values than this is answered by a walk along the index for each.
_MOST_WALKS = 16

_ROWS_AT_ONCE = 500


class _Key(Struct, frozen=True):
    """What a listing is sorted by."""

    attribute: Attribute
    descending: bool

    @property
    def term(self) -> str:
        word = " DESC" if self.descending else ""
        nulls = ("LAST" if self.descending else "FIRST") if self.attribute.column.nullable else ""
        return f"{self.attribute.expression}{word}{f' NULLS {nulls}' if nulls else ''}"


def list_page(database: Database, listing: Listing, access: Access, query: Query) -> list[dict[str, Any]]:
    """The rows of a page: the values of the attributes that are asked for, by name.

    Raises:
        InvalidInput: There is no such attribute (`unknown-attribute`), or it cannot be compared or sorted by
            like that (`unsuitable-operator`, `unsuitable-value`, `too-many-values`, `unsortable-attribute`).
        NotFound: The row `after` which the page begins does not exist, or is not seen (`unknown-marker`).
    """
    names = listing.default_attributes if query.attributes is None else query.attributes
    attributes = [listing.get(name) for name in names]
    keys = _keys(listing, query.order)
    with database.reading():
        after, begun = [], None
        if query.after is not None:
            after, begun = [_after(keys, _marker(database, listing, access, keys, query.after))], keys[0]
        data = [each for each in query.conditions if is_about_data(listing.get(each.attribute), each)]
        others = replace(query, conditions=tuple(each for each in query.conditions if each not in data))
        if data:
            others = replace(others, limit=None)  # Which rows pass is known only once they were looked at.
        parts = [
            _where([*_filters(database.dialect, listing, access, part, begun), *after])
            for part in _parts(listing, others)
        ]
        if data:
            ids = _ids_by_data(database, listing, others, keys, parts[0], data, query.limit)
            return _rows_of(database, listing, attributes, keys, ids)
        sql, parameters = _page(listing, query, attributes, keys, parts)
        return _decode(listing, attributes, database.rows(sql, parameters), BlobReader(database))


def _ids_by_data(
    database: Database,
    listing: Listing,
    query: Query,
    keys: Sequence[_Key],
    where: Clause,
    data: Sequence[Condition],
    limit: int | None,
) -> list[str]:
    """The rows of a page that is asked for by data too, found by a walk through all that pass the rest."""
    used = [listing.get(each.attribute) for each in (*data, *query.conditions)]
    tests = [data_test(listing.get(each.attribute), each) for each in data]
    looked_at = ", ".join(stored_data(listing.get(each.attribute)) for each in data)
    id = listing.get("id")
    select = _select(listing, f"{id.expression}, {looked_at}", [*used, *(key.attribute for key in keys)])
    found: list[str] = []
    for chunk in database.chunks(f"{select}{where[0]}{_order(keys)}", where[1]):
        for row_id, *stored in chunk:
            if len(found) == limit:
                return found
            if all(map(_passes, tests, stored[::2], stored[1::2])):
                found.append(row_id)
    return found


def _passes(test: Callable[[str | None, bytes | None], bool], text: str | None, blob: bytes | None) -> bool:
    return test(text, blob)


def _rows_of(
    database: Database,
    listing: Listing,
    attributes: Sequence[Attribute],
    keys: Sequence[_Key],
    ids: Sequence[str],
) -> list[dict[str, Any]]:
    """These rows, which are in the order of the keys already."""
    select = _select(listing, _columns(attributes), [*attributes, *(key.attribute for key in keys)])
    blobs = BlobReader(database)
    rows: list[dict[str, Any]] = []
    for start in range(0, len(ids), _ROWS_AT_ONCE):
        some = ids[start : start + _ROWS_AT_ONCE]
        sql = f"{select} WHERE {listing.get('id').expression} IN ({', '.join('?' * len(some))}){_order(keys)}"
        rows += _decode(listing, attributes, database.rows(sql, some), blobs)
    return rows


def find_row(
    database: Database, listing: Listing, access: Access, id: str, attributes: Sequence[str] | None
) -> dict[str, Any] | None:
    """The row of that id, if it is seen: the values of the attributes that are asked for, by name.

    Raises:
        InvalidInput: There is no such attribute (`unknown-attribute`).
    """
    conditions = (Condition("id", "eq", id),)
    wanted = None if attributes is None else tuple(attributes)
    rows = list_page(database, listing, access, Query(conditions=conditions, attributes=wanted))
    return rows[0] if rows else None


def _keys(listing: Listing, order: Iterable[Order]) -> list[_Key]:
    """What the rows are sorted by: no attribute twice, and the id at the end.

    What one turn makes has one instant: there the number goes on where the age ends.
    """
    keys: dict[str, _Key] = {}
    for each in (*order, Order("id")):
        attribute = listing.get(each.attribute)
        if attribute.kind is Kind.JSON:
            raise InvalidInput(
                f"{listing.name.replace('_', ' ')} cannot be sorted by `{each.attribute}`, which holds data",
                code="unsortable-attribute",
                hint="sort by an attribute that is a text, a number or an instant",
            )
        if "id" not in keys:  # The order is total by then.
            keys.setdefault(each.attribute, _Key(attribute, each.descending))
            if each.attribute == "created_at" and "number" in listing.attributes:
                keys.setdefault("number", _Key(listing.get("number"), each.descending))
    return list(keys.values())


def _filters(
    dialect: Dialect,
    listing: Listing,
    access: Access,
    conditions: Iterable[Condition],
    begun: _Key | None = None,
) -> list[Clause]:
    """What the rows must fulfil to be seen and asked for.

    Left to itself, SQLite may take the index that looks best from the number of conditions it serves, and
    walk through a million rows on it. `begun` is the key by which the beginning of the page is found.
    """
    pairs = [(listing.get(condition.attribute), condition) for condition in conditions]
    narrow = next((attribute.narrow for attribute, it in pairs if _is_narrow(attribute, it)), None)
    seen, parameters = visible(listing.visibility, listing.alias, access, by_index=narrow is None)
    clauses: list[Clause] = [(seen, list(parameters))] if seen else []
    for attribute, condition in pairs:
        is_way = narrow is not None and attribute.narrow == narrow
        by_index = is_way or (narrow is None and not _is_before(begun, attribute, condition))
        clauses.append(condition_clause(dialect, attribute, condition, by_index=by_index))
        if is_way and narrow != attribute.expression and _is_narrow(attribute, condition):
            values = [condition.value] if condition.operator == "eq" else list(condition.value)
            clauses.append((f"{narrow} IN ({', '.join('?' * len(values))})", values))
    return clauses


def _is_before(begun: _Key | None, attribute: Attribute, condition: Condition) -> bool:
    """Whether the condition bounds the rows at that end at which the page has begun already."""
    if begun is None or attribute is not begun.attribute:
        return False
    return condition.operator in (("lt", "lte") if begun.descending else ("gt", "gte"))


def _is_narrow(attribute: Attribute, condition: Condition) -> bool:
    """Whether the condition leads to a few rows by an index, if it is a sound one."""
    is_one = condition.operator == "eq" and isinstance(condition.value, str)
    is_some = condition.operator == "in" and isinstance(condition.value, list | tuple)
    return attribute.narrow is not None and (is_one or (is_some and len(condition.value) > 0))


def _marker(
    database: Database, listing: Listing, access: Access, keys: Sequence[_Key], id: str
) -> tuple[Any, ...]:
    """The stored values that the row after which a page begins is sorted by."""
    clauses = _filters(database.dialect, listing, access, [Condition("id", "eq", id)])
    attributes = [key.attribute for key in keys]
    where, parameters = _where(clauses)
    found = database.rows(f"{_select(listing, _columns(attributes), attributes)}{where}", parameters)
    if not found:
        raise NotFound(
            f"a page of {listing.name.replace('_', ' ')} cannot begin after `{id}`, which does not exist",
            code="unknown-marker",
            hint="begin again with the first page",
        )
    return found[0]


def _after(keys: Sequence[_Key], values: Sequence[Any]) -> Clause:
    """The condition that a row comes after one with these values."""
    is_uniform = len({key.descending for key in keys}) == 1
    if is_uniform and not any(key.attribute.column.nullable for key in keys):
        left = ", ".join(key.attribute.expression for key in keys)
        sign = "<" if keys[0].descending else ">"
        return f"({left}) {sign} ({', '.join('?' * len(keys))})", list(values)
    sql, parameters = _later(keys, values)
    first = keys[0]
    if values[0] is None or (first.descending and first.attribute.column.nullable):
        return sql, parameters
    # It follows from the rest, but only so does an index lead to the beginning of the page.
    bound = f"{first.attribute.expression} {'<=' if first.descending else '>='} ?"
    return f"{bound} AND {sql}", [values[0], *parameters]


def _later(keys: Sequence[_Key], values: Sequence[Any]) -> Clause:
    """Later in the first key, or alike in it and later in the others."""
    if not keys:
        return "1 = 0", []
    key, value = keys[0], values[0]
    expression = key.attribute.expression
    rest, parameters = _later(keys[1:], values[1:])
    if value is None:
        later = "1 = 0" if key.descending else f"{expression} IS NOT NULL"
        return f"({later} OR ({expression} IS NULL AND {rest}))", parameters
    later = f"{expression} {'<' if key.descending else '>'} ?"
    if key.descending and key.attribute.column.nullable:
        later = f"{later} OR {expression} IS NULL"
    return f"({later} OR ({expression} = ? AND {rest}))", [value, value, *parameters]


def _parts(listing: Listing, query: Query) -> list[tuple[Condition, ...]]:
    """The conditions, once for each state where some are asked for of which an index has every one apart.

    The rows of one state lie in the order of their age there, those of several do not: it is far less work
    to take a page of each, than to sort all that have any of them.
    """
    asked = next(
        (it for it in query.conditions if it.attribute == listing.states and it.operator == "in"), None
    )
    if asked is None or query.limit is None or not isinstance(asked.value, list | tuple):
        return [query.conditions]
    others = tuple(it for it in query.conditions if it is not asked)
    states = list(dict.fromkeys(asked.value))
    if not 1 < len(states) <= _MOST_WALKS or any(_is_narrow(listing.get(it.attribute), it) for it in others):
        return [query.conditions]
    return [(*others, Condition(asked.attribute, "eq", state)) for state in states]


def _page(
    listing: Listing, query: Query, wanted: Sequence[Attribute], keys: Sequence[_Key], parts: Sequence[Clause]
) -> Clause:
    """The statement that reads a page, of the rows that fulfil one of the conditions in `parts`."""
    sorting = [key.attribute for key in keys]
    conditional = [listing.get(condition.attribute) for condition in query.conditions]
    tail, bound = _order(keys), []
    if query.limit is not None:
        tail, bound = f"{tail} LIMIT ?", [query.limit]
    if len(parts) == 1:
        where, parameters = parts[0]
        select = _select(listing, _columns(wanted), [*wanted, *sorting, *conditional])
        return f"{select}{where}{tail}", [*parameters, *bound]
    id = listing.get("id")
    walk = _select(listing, _columns([id]), [*sorting, *conditional])
    walks = " UNION ALL ".join(f"SELECT * FROM ({walk}{where}{tail}) walk" for where, _ in parts)
    walked = [parameter for _, parameters in parts for parameter in (*parameters, *bound)]
    select = _select(listing, _columns(wanted), [*wanted, *sorting])
    return f"{select} WHERE {id.expression} IN ({walks}){tail}", [*walked, *bound]


def _select(listing: Listing, columns: str, used: Iterable[Attribute]) -> str:
    """SELECT these columns FROM the table and those that are joined to it for what is used."""
    joined = {attribute.join for attribute in used}
    joins = "".join(f" {join}" for alias, join in listing.joins.items() if alias in joined)
    return f"SELECT {columns} FROM {listing.source}{joins}"


def _columns(attributes: Sequence[Attribute]) -> str:
    return ", ".join(attribute.expression for attribute in attributes) or "1"


def _order(keys: Sequence[_Key]) -> str:
    return f" ORDER BY {', '.join(key.term for key in keys)}"


def _where(clauses: Sequence[Clause]) -> Clause:
    sql = f" WHERE {' AND '.join(clause for clause, _ in clauses)}" if clauses else ""
    return sql, [parameter for _, parameters in clauses for parameter in parameters]


def _decode(
    listing: Listing, attributes: Sequence[Attribute], rows: list[tuple[Any, ...]], blobs: BlobReader
) -> list[dict[str, Any]]:
    if not rows or not attributes:
        return [{} for _ in rows]
    with decoding(listing.name):
        names = [attribute.column.name for attribute in attributes]
        columns = [
            attribute.column.decode(stored, blobs)
            for attribute, stored in zip(attributes, zip(*rows, strict=True), strict=True)
        ]
        return [dict(zip(names, values, strict=True)) for values in zip(*columns, strict=True)]
