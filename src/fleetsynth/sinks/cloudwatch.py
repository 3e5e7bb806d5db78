"""Amazon CloudWatch, by PutMetricData; credentials and region as all of AWS's tools find them."""

from __future__ import annotations

import json
import time
from typing import TYPE_CHECKING, Any

from fleetsynth.clock import DAY_SECONDS, HOUR_SECONDS
from fleetsynth.errors import OutputError, UsageError
from fleetsynth.series.conventions import CLOUDWATCH
from fleetsynth.shown import shown
from fleetsynth.sinks.streamed import Cut, Encoded, Unavailable, labels_of_server
from fleetsynth.timestamps import text_of
from fleetsynth.wire import cloudwatch
from fleetsynth.wire.protobuf import WireError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from fleetsynth.series.selection import Drawn
    from fleetsynth.sinks.streamed import Batch, Sending

CONVENTION = CLOUDWATCH
TIMEOUT_SECONDS = 60
_BUSY = {"Throttling", "ThrottlingException", "InternalServiceFault", "ServiceUnavailable"}


_OLDEST_SECONDS, _NEWEST_SECONDS = 14 * DAY_SECONDS, 2 * HOUR_SECONDS
"""How far back and how far ahead times may lie that AWS takes."""


class CloudWatch:
    """A namespace of CloudWatch, in the region and account of the environment.

    A request that is sent again after nobody answered may count twice: averages and extremes stay
    as they are, while sums and counts of samples of that minute do not.
    """

    cut = Cut(samples=cloudwatch.MOST_METRICS)
    resumes = True

    def __init__(self, sending: Sending) -> None:
        self._client = client()
        self._namespace = checked_namespace(sending.place)
        end = sending.catalog.span()[1]
        if end > time.time() + _NEWEST_SECONDS:
            raise UsageError(_times("ends", end))

    def encode(self, batch: Batch) -> Encoded:
        """Write a batch as the lists of data that each request has."""
        if batch.selection.span[0] < time.time() - _OLDEST_SECONDS:
            raise UsageError(_times("has samples of", batch.selection.span[0]))
        try:
            requests = list(cloudwatch.requests(_data(batch)))
        except WireError as error:
            raise UsageError(f"cannot be sent to CloudWatch: {error}") from error
        count = sum(map(len, requests))
        return Encoded(count, tuple(json.dumps(each).encode() for each in requests))

    def send(self, encoded: Encoded, *, again: bool) -> None:  # noqa: ARG002 - as the class says
        """Send a batch."""
        from botocore.exceptions import BotoCoreError, ClientError, HTTPClientError

        for body in encoded.bodies:
            try:
                self._client.put_metric_data(Namespace=self._namespace, MetricData=json.loads(body))
            except ClientError as error:
                _raise(error)
            except HTTPClientError as error:
                raise Unavailable(shown(error)) from error
            except BotoCoreError as error:  # such as no credentials
                raise OutputError(
                    f"CloudWatch: {shown(error)}; credentials come from AWS_PROFILE,"
                    " AWS_ACCESS_KEY_ID and so on, as for all of AWS's tools"
                ) from error

    def finish(self) -> Mapping[str, Any]:
        """Nothing is left to do: what is acknowledged is there."""
        return {}

    def close(self) -> None:
        """Close the connections."""
        self._client.close()


def client() -> Any:
    """Return AWS's own client, which leaves trying again to us.

    Raises:
        UsageError: if nothing says which region, or settings of AWS cannot be read.
    """
    import boto3
    from botocore.config import Config
    from botocore.exceptions import BotoCoreError

    config = Config(
        retries={"total_max_attempts": 1},
        connect_timeout=TIMEOUT_SECONDS,
        read_timeout=TIMEOUT_SECONDS,
    )
    try:
        return boto3.session.Session().client("cloudwatch", config=config)
    except (BotoCoreError, ValueError) as error:
        raise UsageError(
            f"CloudWatch: {shown(error)}; the region comes from AWS_REGION or AWS_DEFAULT_REGION,"
            " or from the profile that AWS_PROFILE names"
        ) from error


def checked_namespace(place: str) -> str:
    """Return a namespace that AWS takes. Raises UsageError if it does not."""
    try:
        cloudwatch.check_namespace(place)
    except WireError as error:
        raise UsageError(f"cloudwatch:{error}; such as cloudwatch:Fleet/Synthetic") from error
    return place


def target(place: str) -> str:
    """Return where a namespace lies: that of another region is another."""
    return f"{client().meta.endpoint_url}/{checked_namespace(place)}"


def _data(batch: Batch) -> Iterator[tuple[int, list[dict[str, Any]]]]:
    for drawn in batch.series():
        like = _datum(drawn)
        times, values = (drawn.ms // 1000).tolist(), drawn.values.tolist()
        yield (
            cloudwatch.size(like),
            [
                {**like, "Timestamp": second, "Value": value}
                for second, value in zip(times, values, strict=True)
            ],
        )


def _datum(drawn: Drawn) -> dict[str, Any]:
    """Return what all data of a series have in common."""
    family, row = drawn.named.family, drawn.named.row
    pairs = {**labels_of_server(drawn.named), **family.rows[row]}
    return {
        "MetricName": family.name,
        "Dimensions": cloudwatch.dimensions(pairs),
        "Unit": family.unit or "None",
    }


def _times(what: str, second: int) -> str:
    now = int(time.time())
    first, last = now - _OLDEST_SECONDS, now + _NEWEST_SECONDS
    return (
        f"the scenario {what} {text_of(second)}, and CloudWatch takes what is from"
        f" {text_of(first)} to {text_of(last)}: choose other days, by start_date=... and"
        " end_date=..."
    )


def _raise(error: Any) -> None:
    said = error.response.get("Error", {})
    status = error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0)
    told = f"CloudWatch answers {said.get('Code', status)}: {shown(said.get('Message', ''))}"
    if status >= 500 or status == 429 or said.get("Code") in _BUSY:
        raise Unavailable(told) from error
    raise OutputError(told) from error


open_stream = CloudWatch
