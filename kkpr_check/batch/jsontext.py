"""GeoJSON and GeoJSONSeq read in pieces: the text of each feature goes to a worker, which builds it."""

from __future__ import annotations

import codecs
import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from kkpr_check.batch.reading import Loaded, Payload, Reading
from kkpr_check.errors import Place
from kkpr_check.io import geojson
from kkpr_check.io.containers import Source
from kkpr_check.io.raw import NESTED, unreadable

CHUNK = 1 << 20
_BLANK = re.compile(r"[ \t\r\n]*")


@dataclass(frozen=True)
class JsonPayload:
    """The texts of some features."""

    texts: tuple[str, ...]
    source: Source
    first_row: int
    crs_label: str | None

    def load(self) -> Loaded:
        """Return the features."""
        place = self.source.place
        features = [
            geojson.parsed(text, place._replace(row=self.first_row + n)) for n, text in enumerate(self.texts)
        ]
        raw = geojson.assembled(features, place, self.source)
        raw.crs_label = self.crs_label
        return Loaded(raw)


class GeoJsonStream:
    """A FeatureCollection, or a feature a line."""

    def __init__(self, source: Source, reading: Reading) -> None:
        self._source, self._place = source, source.place
        self.rows: int | None = None
        self.fields: tuple[str, ...] = ()
        self.crs_label: str | None = geojson.LONLAT
        if source.driver == "GeoJSON":
            self.crs_label = self._crs()

    def payloads(self, block_rows: int) -> Iterator[tuple[int, Payload]]:
        """Yield the features, `block_rows` at a time."""
        texts: list[str] = []
        first = 0
        for text in self._lines() if self._source.driver == "GeoJSONSeq" else self._features():
            texts.append(text)
            if len(texts) == block_rows:
                yield len(texts), JsonPayload(tuple(texts), self._source, first, self.crs_label)
                first, texts = first + len(texts), []
        if texts:
            yield len(texts), JsonPayload(tuple(texts), self._source, first, self.crs_label)

    def _lines(self) -> Iterator[str]:
        with self._source.file.open("rb") as stream:
            for number, line in enumerate(stream):
                place = self._place._replace(row=number + 1)
                text = geojson.decoded(line, place).strip().lstrip("\x1e").strip()
                if not text:
                    continue
                if '"Feature"' in text and '"crs"' not in text:
                    yield text
                else:  # a bare geometry, a collection, or no GeoJSON at all
                    yield from (json.dumps(one) for one in geojson.features_of_line(text, place))

    def _features(self) -> Iterator[str]:
        for name, value in _Members(self._source, self._place):
            if name is None:
                yield value

    def _crs(self) -> str | None:
        """Walk through the file once for its CRS, wherever it stands; what is no collection is refused here."""
        members: dict[str, Any] = {}
        features = None
        with self._source.file.open("rb") as stream:
            size = stream.seek(0, 2)
        if size > 64 * CHUNK and (label := self._crs_of_head()) is not None:
            return label
        for name, value in _Members(self._source, self._place):
            if name is None:
                features = True
            elif name in members:
                raise geojson.doubled(self._place)
            else:
                members[name] = value
        if members.get("type") == "FeatureCollection" and (features or members.get("features") == []):
            return geojson.crs_label(members, self._place)
        return geojson.features_and_crs(json.dumps(members), self._place)[1]

    def _crs_of_head(self) -> str | None:
        """Return the label where it stands before the features, as writers put it; else None."""
        members: dict[str, Any] = {}
        for name, value in _Members(self._source, self._place):
            if name is None:
                break
            members[name] = value
        if members.get("type") == "FeatureCollection" and "crs" in members:
            return geojson.crs_label(members, self._place)
        return None


class _Members:
    """The members of a JSON object as they come; the elements of `features` one by one, as (None, text)."""

    def __init__(self, source: Source, place: Place) -> None:
        self._file, self._place = source.file, place
        self._decoder = json.JSONDecoder(object_pairs_hook=geojson.pairs_kept)
        self._buffer, self._at, self._more = "", 0, True

    def __iter__(self) -> Iterator[tuple[str | None, Any]]:
        with self._file.open("rb") as self._stream:
            self._utf8 = codecs.getincrementaldecoder("utf-8-sig")()
            self._expect("{")
            while self._peek() != "}":
                name = self._value()
                if not isinstance(name, str):
                    raise self._wrong("a name is missing")
                self._expect(":")
                if name == "features" and self._peek() == "[":
                    yield from ((None, text) for text in self._elements())
                    yield name, []
                else:
                    yield name, self._value()
                if self._peek() != "}":
                    self._expect(",")
            self._expect("}")
            if self._peek():
                raise self._wrong("more text after the end")

    def _elements(self) -> Iterator[str]:
        self._expect("[")
        while self._peek() != "]":
            self._value()
            yield self._buffer[self._start : self._at]
            if self._peek() != "]":
                self._expect(",")
                if self._peek() == "]":
                    raise self._wrong("a comma before ]")
        self._expect("]")

    def _fill(self) -> None:
        data = self._stream.read(max(CHUNK, len(self._buffer) - self._at))
        self._more = bool(data)
        try:
            self._buffer = self._buffer[self._at :] + self._utf8.decode(data, final=not data)
        except UnicodeDecodeError as error:
            raise unreadable(self._place, f"text is not UTF-8: {error}", code="encoding") from error
        self._at = 0

    def _peek(self) -> str:
        """Return the next character that is no blank, or nothing at the end of the file."""
        while True:
            self._at = _BLANK.match(self._buffer, self._at).end()  # type: ignore[union-attr]
            if self._at < len(self._buffer) or not self._more:
                return self._buffer[self._at : self._at + 1]
            self._fill()

    def _expect(self, character: str) -> None:
        found = self._peek()
        if found != character:
            raise self._wrong(f"{character!r} expected" + ("" if found else ", but the file ends"))
        self._at += 1

    def _value(self) -> Any:
        self._peek()
        while True:
            try:
                value, end = self._decoder.raw_decode(self._buffer, self._at)
            except RecursionError as error:
                raise self._wrong(NESTED) from error
            except ValueError as error:
                if not self._more:
                    raise self._wrong(str(error)) from error
            else:
                if end < len(self._buffer) or not self._more:  # a number may go on in the next chunk
                    self._start, self._at = self._at, end
                    return value
            self._fill()

    def _wrong(self, why: str) -> Exception:
        return unreadable(self._place, f"JSON: {why}")
