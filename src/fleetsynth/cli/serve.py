"""``fleetsynth serve``: a fleet's history, for Prometheus and what asks it."""

from __future__ import annotations

import sys
from typing import Any

import click

from fleetsynth.cli.options import json_option, load, scenario_options
from fleetsynth.cli.say import say, say_json
from fleetsynth.cli.streaming import pairs


@click.command(short_help="Answer Prometheus from a scenario, with nothing stored.")
@scenario_options
@click.option(
    "--host",
    default="127.0.0.1",
    show_default=True,
    metavar="ADDRESS",
    help="Where to listen. There is no password: beyond this machine anybody can ask.",
)
@click.option(
    "--port",
    type=click.IntRange(0, 65535),
    default=9240,
    show_default=True,
    metavar="N",
    help="Where to listen; 0 for any port that is free.",
)
@click.option(
    "--at",
    default="",
    metavar="TIME",
    help="The time in the scenario at which /metrics starts, such as 2024-03-01T09:00 (UTC)."
    "  [default: now, or the scenario's first day if it does not have now]",
)
@click.option(
    "--speed",
    type=float,
    default=1.0,
    show_default=True,
    metavar="K",
    help="Seconds of the scenario that pass in a second at /metrics.",
)
@click.option(
    "--only",
    default="",
    metavar="LIST",
    help="Servers that /metrics shows, by the numbers in their names, such as 1-50 or 3,7,20-29."
    "  [default: all, up to 10,000]",
)
@click.option(
    "--shard",
    default="",
    metavar="K/N",
    help="Serve shard K of N of the fleet (K from 1), so that several processes share the work:"
    " Prometheus reads from all of them.",
)
@click.option(
    "--label",
    "labels",
    multiple=True,
    metavar="NAME=VALUE",
    help="A label of all series. Say here what Prometheus has as external_labels. May be repeated.",
)
@click.option(
    "--events",
    is_flag=True,
    help="Answer what befalls servers as well: fleetsynth_event{kind=…}, 1 while an event lasts.",
)
@click.option(
    "--max-samples",
    type=click.IntRange(min=1),
    default=50_000_000,
    show_default=True,
    metavar="N",
    help="Samples in an answer, at most.",
)
@click.option(
    "--max-series",
    type=click.IntRange(min=1),
    default=200_000,
    show_default=True,
    metavar="N",
    help="Series in an answer, at most.",
)
@click.option(
    "--max-queries",
    type=click.IntRange(min=1, max=1_000),
    default=4,
    show_default=True,
    metavar="N",
    help="Queries that are answered at a time; others wait.",
)
@click.option(
    "--cache-mb",
    type=click.IntRange(min=1, max=1_000_000),
    default=256,
    show_default=True,
    metavar="MB",
    help="Memory for values that are asked for again.",
)
@json_option
def serve(
    *,
    host: str,
    port: int,
    at: str,
    speed: float,
    only: str,
    shard: str,
    labels: tuple[str, ...],
    events: bool,
    max_samples: int,
    max_series: int,
    max_queries: int,
    cache_mb: int,
    as_json: bool,
    **options: Any,
) -> None:
    """Answer Prometheus from SCENARIO, with nothing stored: any span of any fleet.

    Prometheus asks by remote read, and Grafana behind it: queries see the fleet's whole history,
    as the dataset's columns (fleetsynth_cpu_p95) and as node_exporter's counters and gauges
    (node_cpu_seconds_total). /metrics is the fleet at one moment, for a scrape: the scenario goes
    on by the wall clock. Ctrl-C or SIGTERM stops it.

    \b
    Examples
      fleetsynth serve fleet.yaml
      fleetsynth serve fleet.yaml --at 2024-03-01T09:00 --speed 60 --only 1-50
      fleetsynth serve fleet.yaml --servers 1000000 --granularity 5min
    """
    from fleetsynth.presets import resolve
    from fleetsynth.series.select import Limits
    from fleetsynth.serve.server import run
    from fleetsynth.serve.start import Options, prepare, server_of

    plan = resolve(load(options))
    said = Options(
        host=host,
        port=port,
        speed=speed,
        at=at,
        only=only,
        shard=shard,
        labels=pairs(labels),
        events=events,
        limits=Limits(max_series, max_samples, cache_mb << 20),
        most_queries=max_queries,
    )
    server = server_of(plan, said)
    size = server.app.catalog.plan.fleet.size

    def started() -> None:
        if as_json:
            say_json({"url": server.url, "servers": size, "scenario": plan.digest})
        else:
            say(f"serving {size:,} servers at {server.url} (stop with Ctrl-C)")
        sys.stdout.flush()

    run(server, lambda: prepare(server.app), started)
