"""Rows as bytes, a chunk at a time."""

import csv
import io
import json
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from gofau_studies.export.runs import PLACE
from gofau_studies.protocol.trial_facts import FACTS, kind

Chunks = Iterable[Sequence[dict[str, Any]]]

TEXT = pa.string()


def as_csv(columns: Sequence[str], chunks: Chunks) -> Iterator[bytes]:
    """RFC 4180 text with a header; an absent value is an empty field."""
    out = io.StringIO()
    writer = csv.DictWriter(out, columns, extrasaction="ignore")
    writer.writeheader()
    yield _taken(out)
    for rows in chunks:
        writer.writerows(rows)
        yield _taken(out)


def as_ndjson(columns: Sequence[str], chunks: Chunks) -> Iterator[bytes]:
    """One JSON object a line."""
    for rows in chunks:
        lines = (json.dumps({name: row[name] for name in columns}) + "\n" for row in rows)
        yield "".join(lines).encode()


def as_parquet(columns: Sequence[str], chunks: Chunks) -> Iterator[bytes]:
    """One row group a chunk; axes are float64, times are ISO 8601 text."""
    schema = pa.schema([(name, _type(name)) for name in columns])
    sink = _Sink()
    with pq.ParquetWriter(pa.PythonFile(sink, mode="w"), schema, compression="zstd") as writer:
        for rows in chunks:
            writer.write_table(pa.Table.from_pylist(list(rows), schema=schema))
            yield sink.taken()
    yield sink.taken()


def _type(name: str) -> pa.DataType:
    """As the fact of that name is; what is neither fact nor place is an axis."""
    if name in PLACE:
        return TEXT
    types = {float: pa.float64(), int: pa.int64()}
    return types.get(kind(name) if name in FACTS else float, TEXT)


class _Sink(io.RawIOBase):
    """Takes writes, counts them, and hands out what came since the last time."""

    def __init__(self) -> None:
        super().__init__()
        self._parts: list[bytes] = []
        self._position = 0

    def writable(self) -> bool:
        return True

    def tell(self) -> int:
        return self._position

    def write(self, data: Any) -> int:
        part = bytes(data)
        self._parts.append(part)
        self._position += len(part)
        return len(part)

    def taken(self) -> bytes:
        parts, self._parts = self._parts, []
        return b"".join(parts)


def _taken(out: io.StringIO) -> bytes:
    text = out.getvalue()
    out.seek(0)
    out.truncate()
    return text.encode()
