"""A dataset in Croissant 1.1, the vocabulary of machine learning for what a dataset is.

Of its vocabulary for responsible AI there is what is true of data that nobody has collected.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pyarrow as pa

from fleetsynth.folders.card.words import LICENSE, made_by, summary, uses
from fleetsynth.formats import FORMATS
from fleetsynth.stores.names import SCENARIO
from fleetsynth.tables.columns import words_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from fleetsynth.folders.card.told import Content, Told

CONFORMS_TO = ["http://mlcommons.org/croissant/1.1", "http://mlcommons.org/croissant/RAI/1.0"]

_OF_CROISSANT = (
    *("arrayShape", "citeAs", "column", "containedIn", "equivalentProperty", "extract", "field"),
    *("fileObject", "fileProperty", "fileSet", "format", "includes", "isArray", "isLiveDataset"),
    *("jsonPath", "key", "md5", "parentField", "path", "recordSet", "references", "regex"),
    *("repeated", "replace", "samplingRate", "separator", "source", "subField", "transform"),
)
CONTEXT: dict[str, Any] = {
    "@language": "en",
    "@vocab": "https://schema.org/",
    "conformsTo": "dct:conformsTo",
    "cr": "http://mlcommons.org/croissant/",
    "data": {"@id": "cr:data", "@type": "@json"},
    "dataType": {"@id": "cr:dataType", "@type": "@vocab"},
    "dct": "http://purl.org/dc/terms/",
    "description": {"@container": "@language"},
    "examples": {"@id": "cr:examples", "@type": "@json"},
    "name": {"@container": "@language"},
    "rai": "http://mlcommons.org/croissant/RAI/",
    "sc": "https://schema.org/",
    **{name: f"cr:{name}" for name in _OF_CROISSANT},
}
_CALLED = {
    ".csv": "text/csv",
    ".jsonl": "application/jsonlines",
    ".parquet": "application/x-parquet",
}
"""What programs that read Croissant call formats, by the first word of endings; compression is
told by the ending alone."""


def text_of(told: Told) -> str:
    """Return the file."""
    return json.dumps(_dataset(told), indent=2, ensure_ascii=False) + "\n"


def _dataset(told: Told) -> dict[str, Any]:
    values, clock = told.values, told.plan.clock
    return {
        "@context": CONTEXT,
        "@type": "sc:Dataset",
        "conformsTo": CONFORMS_TO,
        "name": f"fleetsynth-{told.plan.scenario.preset}-{values['digest'][:12]}",
        "description": f"{summary(told)} {made_by(told)}",
        "license": LICENSE,
        "keywords": [
            *("synthetic data", "telemetry", "time series", "capacity planning", "forecasting"),
            "anomaly detection",
        ],
        "temporalCoverage": f"{clock.start.isoformat()}/{clock.end.isoformat()}",
        "citeAs": f"fleetsynth {values['version']}: a dataset with the digest {values['digest']}",
        "identifier": f"sha256:{values['digest']}",
        **_responsible(told),
        "distribution": list(_files(told)),
        "recordSet": [_record_set(told, content) for content in told.contents],
    }


def _responsible(told: Told) -> dict[str, Any]:
    """What is true of all data that are computed, and of these."""
    annotated = [c.name for c in told.contents if c.name in ("events", "labels")]
    protocol = (
        f"Nobody has annotated anything: {' and '.join(annotated)} are the generator's own record "
        "of what it did."
    )
    return {
        "rai:dataCollection": f"Nothing was collected. {made_by(told)}",
        "rai:dataCollectionType": ["Synthetic data"],
        "rai:dataCollectionMissingData": told.gaps,
        **({"rai:dataAnnotationProtocol": [protocol]} if annotated else {}),
        "rai:dataUseCases": uses(),
        "rai:dataLimitations": [
            "A finding on these data holds for the model that made them; whether it holds for a "
            "real fleet has to be seen there."
        ],
        "rai:dataBiases": [
            "Kinds of servers, regions and business units are shared out as the scenario says, "
            "which need not be how any real fleet is made up."
        ],
        "rai:personalSensitiveInformation": [
            "None. The data are of machines, and these machines do not exist."
        ],
        "rai:dataReleaseMaintenancePlan": (
            f"{SCENARIO} and the versions in manifest.json make the same values again."
        ),
    }


def _files(told: Told) -> Iterator[dict[str, Any]]:
    for content in told.contents:
        if content.is_in_parts:
            yield {
                "@type": "cr:FileSet",
                "@id": f"{content.name}-files",
                "name": f"{content.name}-files",
                "description": f"Parts of the table {content.name}: {content.about}.",
                "encodingFormat": _called(told.ending),
                "includes": f"{content.place}**/*{told.ending}",
            }
        else:
            about = f"The table {content.name}: {content.about}."
            yield _file(told, content.place, about, _called(".parquet"))
    yield _file(told, SCENARIO, "All that decides the values.", "application/yaml")


def _called(ending: str) -> str:
    return _CALLED.get(f".{ending.split('.')[1]}", FORMATS[ending].media_type)


def _file(told: Told, place: str, about: str, media_type: str) -> dict[str, Any]:
    said = told.values["files"][place]
    return {
        "@type": "cr:FileObject",
        "@id": place,
        "name": place,
        "description": about,
        "contentUrl": place,
        "contentSize": f"{said['size']} B",
        "encodingFormat": media_type,
        "sha256": said["sha256"],
    }


def _record_set(told: Told, content: Content) -> dict[str, Any]:
    words = words_of(content.schema.names)
    names = set(content.schema.names)
    return {
        "@type": "cr:RecordSet",
        "@id": content.name,
        "name": content.name,
        "description": f"{content.about[0].upper()}{content.about[1:]}.",
        **({"key": [{"@id": f"{content.name}/{n}"} for n in content.key]} if content.key else {}),
        "field": [
            {
                "@type": "cr:Field",
                "@id": f"{content.name}/{column.name}",
                "name": column.name,
                **({"description": words[column.name]} if column.name in words else {}),
                "dataType": _type(column.type),
                "source": _source(told, content, column.name),
                **(
                    {"references": {"field": {"@id": "servers/server_id"}}}
                    if column.name == "server_id" in names and content.name != "servers"
                    else {}
                ),
            }
            for column in content.schema
        ],
    }


def _source(told: Told, content: Content, column: str) -> dict[str, Any]:
    """Where a field's values stand: in a column or, of partitions, in the path of a part."""
    if not content.is_in_parts:
        return {"fileObject": {"@id": content.place}, "extract": {"column": column}}
    files = {"fileSet": {"@id": f"{content.name}-files"}}
    if content.name == "data" and column in told.in_paths:
        return {
            **files,
            "extract": {"fileProperty": "fullpath"},
            "transform": {"regex": f".*{column}=([^/]*)/.*"},
        }
    return {**files, "extract": {"column": column}}


def _type(kind: pa.DataType) -> str:
    for matches, name in (
        (pa.types.is_timestamp, "sc:DateTime"),
        (pa.types.is_date, "sc:Date"),
        (pa.types.is_boolean, "sc:Boolean"),
        (pa.types.is_integer, "sc:Integer"),
        (pa.types.is_floating, "sc:Float"),
    ):
        if matches(kind):
            return name
    return "sc:Text"
