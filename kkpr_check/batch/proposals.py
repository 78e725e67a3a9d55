"""Proposal columns of a block, parsed once a distinct value instead of once a row."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from kkpr_check.errors import KkprError, Place, Text
from kkpr_check.features import as_text
from kkpr_check.geometry import Objects, objects
from kkpr_check.io.options import (
    OPTION_NAMES,
    PROPOSAL_FIELDS,
    Options,
    Parsed,
    merge_command_line,
    not_given,
    option_of,
    parse_option,
    parse_options,
)
from kkpr_check.model import Proposal


@dataclass
class ProposalsRead:
    """The proposals of a block; `errors` says by row why one can not be used."""

    proposal: Objects
    assumptions: dict[int, tuple[Text, ...]] = field(default_factory=dict)
    errors: dict[int, KkprError] = field(default_factory=dict)


def read_proposals(
    fields: Mapping[str, Objects], rows: int, command_line: Options, place: Place
) -> ProposalsRead:
    """Return what each row proposes, the options of the command line included.

    Parameters
    ----------
    fields
        Columns of the block; names match in any case, others than proposal options are left alone.
    place
        The file, for messages; the row is added.
    """
    columns = {name: values for name, values in fields.items() if option_of(name) in PROPOSAL_FIELDS}
    read = ProposalsRead(objects([None] * rows))
    if not columns:
        read.proposal[:] = command_line.proposal()
        return read
    names = [option_of(name) for name in columns]
    parsed = [_parse_column(name, values) for name, values in zip(names, columns.values(), strict=True)]
    known: dict[tuple[Any, ...], Proposal] = {}
    plain = len(set(names)) == len(names)  # KBLI beside kbli: whether they agree is seen row by row
    for row, answers in enumerate(zip(*parsed, strict=True)):
        proposal = known.get(answers) if plain else None
        if proposal is None:
            quick = _together(names, answers, command_line) if plain else None
            answer = quick or _by_the_book({name: v[row] for name, v in columns.items()}, command_line)
            if isinstance(answer, KkprError):
                read.proposal[row] = command_line.proposal()
                read.errors[row] = answer
                continue
            proposal, notes = answer
            if notes:
                read.assumptions[row] = notes
            elif plain:
                known[answers] = proposal
        read.proposal[row] = proposal
    _add_places(read, columns, command_line, place)
    return read


def _parse_column(name: str, values: Objects) -> list[Parsed | None]:
    """Return each value as understood, None where it can not be; equal values are parsed once."""
    found: dict[Any, Parsed | None] = {}
    parsed = []
    for value in values:
        key = _key(value)
        if key not in found:
            try:
                found[key] = parse_option(name, value, place=Place())
            except KkprError:
                found[key] = None
        parsed.append(found[key])
    return parsed


def _together(
    names: Sequence[str], answers: Sequence[Parsed | None], command_line: Options
) -> tuple[Proposal, tuple[Text, ...]] | None:
    """Return the proposal of values that were understood; None where something is wrong with them."""
    if None in answers:
        return None
    values = dict(command_line.values)
    notes = list(command_line.assumptions)
    for name, parsed in zip(names, answers, strict=True):
        assert parsed is not None
        if parsed.value is not None and values.setdefault(name, parsed.value) != parsed.value:
            return None
        if parsed.assumption is not None:
            notes.append(parsed.assumption)
    values.pop("id", None)
    return Proposal(**values), tuple(dict.fromkeys(notes))


def _by_the_book(
    values: Mapping[str, Any], command_line: Options
) -> tuple[Proposal, tuple[Text, ...]] | KkprError:
    try:
        options = merge_command_line(command_line, parse_options(values, place=Place()))
    except KkprError as error:
        return error
    return options.proposal(), options.assumptions


def _add_places(
    read: ProposalsRead, columns: Mapping[str, Objects], command_line: Options, place: Place
) -> None:
    """Give each error its own row: equal values share a parse, but not a place."""
    for row in read.errors:
        values = {name: column[row] for name, column in columns.items()}
        try:
            merge_command_line(command_line, parse_options(values, place=place._replace(row=row)))
        except KkprError as error:
            read.errors[row] = error


def _option(name: str) -> str:
    return name.strip().casefold()


def _key(value: Any) -> Any:
    """Return a key that keeps apart what a parser may keep apart: 1, 1.0, True and "1"."""
    return value if value is None or isinstance(value, str) else (type(value), str(value))


def read_ids(
    fields: Mapping[str, Objects], rows: int, id_field: str | None, fids: Objects | None, first_row: int
) -> tuple[Objects, dict[int, KkprError]]:
    """Return the id of each row: of `id_field` (default: ``id``), else the layer's own feature id, else the row.

    The row is the 0-based one of the whole file.
    """
    wanted = _option(id_field) if id_field is not None else "id"
    sources = [fields[name] for name in fields if _option(name) == wanted]
    sources += [fields[name] for name in fields if _option(name) in ("objectid", "fid", "ogc_fid")]
    sources += [fids] if fids is not None else []
    if sources and _is_plain(sources[0]):
        return sources[0], {}
    ids = objects([None] * rows)
    open_rows = np.arange(rows)
    for values in sources:
        ids[open_rows] = [_id(values[row]) for row in open_rows]
        open_rows = open_rows[[ids[row] is None for row in open_rows]] if len(open_rows) else open_rows
        if not len(open_rows):
            break
    for row in open_rows.tolist():
        ids[row] = str(first_row + row)
    return ids, {}


def _is_plain(values: Objects) -> bool:
    """Tell whether all values are texts that `as_text` would leave as they are."""
    try:
        joined = "".join(values)
    except TypeError:
        return False
    return (
        joined.isascii() and joined.isprintable() and " " not in joined and "." not in joined and all(values)
    )


def _id(value: Any) -> str | None:
    if isinstance(value, str) and value.isalnum() and value.isascii():
        return value
    return None if not_given(value) else as_text(value) or None


__all__ = ["OPTION_NAMES", "ProposalsRead", "parse_option", "read_ids", "read_proposals"]
