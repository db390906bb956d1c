"""Parquet with embedded images, as Hugging Face datasets reads and writes it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Self

from seal2real.sealdb.exporters._job import PART, Format, Job, Option, picture, stem
from seal2real.sealdb.exporters._labels import all_readable
from seal2real.sealdb.exporters._output import dumps

if TYPE_CHECKING:
    import pyarrow as pa

    from seal2real.sealdb.reader import DbSample

__all__ = ["FORMAT", "write"]

_LAYOUT = """\
data/{train,validation,test}-00000-of-0000N.parquet
                                               image, clean, mask (embedded), id, width, height, dpi,
                                               page_type, capture, seals, lines, record (JSON text)"""
_IMAGES = ("image", "clean", "mask")
# In numbered files datasets takes the name as it is, and there the part is called "validation".
_NAMES = {"val": "validation"}
# Samples held in memory and written as one row group.
_ROWS_PER_GROUP = 32
_SEAL_FIELDS = (
    "id",
    "type",
    "shape",
    "colour",
    "width_mm",
    "height_mm",
    "angle_deg",
    "center",
    "bbox",
    "outline",
)
_TEXT_FIELDS = ("role", "text", "class", "direction", "visible", "polygon", "polygon16")


def write(job: Job, *, part: str, rows_per_file: int) -> None:
    """Write parquet files of ``rows_per_file`` samples."""
    (job.root / "data").mkdir()
    schema = _schema()
    for split, count in job.splits.items():
        samples = job.samples([split])
        files = -(-count // rows_per_file)
        for number in range(files):
            name = f"{_NAMES.get(split, split)}-{number:05d}-of-{files:05d}.parquet"
            rows = min(rows_per_file, count - number * rows_per_file)
            with _Table(str(job.root / "data" / name), schema) as table:
                for _ in range(rows):
                    sample = next(samples)
                    job.report.items += len(sample.record["seals"])
                    table.add(_row(sample, part))
        # Ends the progress bar; every sample is written by now.
        next(samples, None)


class _Table:
    """A parquet file written row group by row group."""

    def __init__(self, path: str, schema: pa.Schema) -> None:
        import pyarrow.parquet as pq

        self._schema = schema
        # Images are compressed already; text compresses well.
        codecs = {f"{name}.bytes": "none" for name in _IMAGES}
        names = [name for name in schema.names if name not in _IMAGES]
        codecs |= dict.fromkeys(names, "zstd")
        self._writer = pq.ParquetWriter(path, schema, compression=codecs, use_dictionary=False)
        self._rows: list[dict[str, Any]] = []

    def __enter__(self) -> Self:
        return self

    def add(self, row: dict[str, Any]) -> None:
        self._rows.append(row)
        if len(self._rows) == _ROWS_PER_GROUP:
            self._flush()

    def _flush(self) -> None:
        import pyarrow as pa

        if self._rows:
            self._writer.write_table(pa.Table.from_pylist(self._rows, self._schema))
            self._rows = []

    def __exit__(self, kind: type[BaseException] | None, *rest: object) -> None:
        try:
            if kind is None:
                self._flush()
        finally:
            self._writer.close()


def _row(sample: DbSample, part: str) -> dict[str, Any]:
    record = sample.record
    page = record["page"]
    data, suffix = picture(sample, part)
    name = stem(sample)
    return {
        "image": {"bytes": data, "path": f"{name}.{suffix}"},
        "clean": {"bytes": sample.data("clean"), "path": f"{name}.{sample.suffix('clean')}"},
        "mask": {"bytes": sample.data("mask"), "path": f"{name}.png"},
        "id": sample.id,
        "width": page["width"],
        "height": page["height"],
        "dpi": page["dpi"],
        "page_type": page["type"],
        "capture": record["capture"]["kind"],
        "seals": [_seal(seal) for seal in record["seals"]],
        "lines": [
            {"text": line["text"], "polygon": line["polygon"], "readable": all_readable(line)}
            for line in page["lines"]
        ],
        "record": dumps(record),
    }


def _seal(seal: dict[str, Any]) -> dict[str, Any]:
    texts = [
        {**{key: text[key] for key in _TEXT_FIELDS}, "chars": text["chars"]}
        for text in seal["texts"]
    ]
    return {**{key: seal[key] for key in _SEAL_FIELDS}, "texts": texts}


def _schema() -> pa.Schema:
    """Return the columns, with the features that Hugging Face datasets reads from the metadata."""
    import pyarrow as pa

    number, word, points = pa.float64(), pa.string(), pa.list_(pa.list_(pa.float64()))
    image = pa.struct([("bytes", pa.binary()), ("path", word)])
    char = pa.struct([("text", word), ("quad", points), ("visible", number)])
    text = pa.struct(
        [(name, word) for name in ("role", "text", "class", "direction")]
        + [("visible", number), ("polygon", points), ("polygon16", points)]
        + [("chars", pa.list_(char))]
    )
    seal = pa.struct(
        [("id", pa.int32()), ("type", word), ("shape", word), ("colour", word)]
        + [(name, number) for name in ("width_mm", "height_mm", "angle_deg")]
        + [("center", pa.list_(number)), ("bbox", pa.list_(number)), ("outline", points)]
        + [("texts", pa.list_(text))]
    )
    line = pa.struct([("text", word), ("polygon", points), ("readable", pa.bool_())])
    columns = [(name, image) for name in _IMAGES]
    columns += [("id", word), ("width", pa.int32()), ("height", pa.int32()), ("dpi", number)]
    columns += [("page_type", word), ("capture", word), ("seals", pa.list_(seal))]
    columns += [("lines", pa.list_(line)), ("record", word)]
    features = {name: _feature(kind, name in _IMAGES) for name, kind in columns}
    info = dumps({"info": {"features": features}})
    return pa.schema(columns, metadata={"huggingface": info})


def _feature(kind: pa.DataType, image: bool = False) -> Any:
    """Return an Arrow type in the notation of Hugging Face datasets."""
    import pyarrow as pa

    if image:
        return {"_type": "Image"}
    if pa.types.is_list(kind):
        # The notation that datasets of every version reads.
        return [_feature(kind.value_type)]
    if pa.types.is_struct(kind):
        return {field.name: _feature(field.type) for field in kind}
    names = {"double": "float64"}
    return {"dtype": names.get(str(kind), str(kind)), "_type": "Value"}


FORMAT = Format(
    "Parquet with embedded images, readable by Hugging Face datasets",
    _LAYOUT,
    write,
    {"part": PART, "rows_per_file": Option(500, "samples a file", limits=(1, 1_000_000))},
)
