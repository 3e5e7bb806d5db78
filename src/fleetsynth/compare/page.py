"""A comparison as one HTML file: tables, and pictures of what gives a dataset away."""

from __future__ import annotations

from base64 import b64encode
from hashlib import sha256
from html import escape
from importlib.resources import files
from math import isnan
from typing import TYPE_CHECKING

import numpy as np

from fleetsynth.compare.comparison import DISTANCES, KINDS
from fleetsynth.compare.forecast import NAIVE
from fleetsynth.compare.tells import NAMES, figure
from fleetsynth.facts.facts_table import known_facts
from fleetsynth.shown import shown

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from fleetsynth.compare.comparison import Comparison, Side
    from fleetsynth.compare.pictures import Histogram
    from fleetsynth.compare.stretches import Stretch
    from fleetsynth.compare.two_sample import Told

_TELLS = 18
_WIDTH, _HEIGHT, _FOOT = 420, 110, 18
_POINTS = 1_000
"""Values that a line is drawn by at most; of more, the lowest and highest of every few."""


def render(found: Comparison) -> str:
    """Return the page; it has no scripts and loads nothing."""
    style = (files("fleetsynth.compare") / "page.css").read_text("utf-8").strip()
    policy = f"default-src 'none'; style-src '{_hash(style)}'; img-src data:; base-uri 'none'"
    body = "\n".join(
        (
            _head(found),
            _section("Can a classifier tell?", _CLASSIFIERS, _classifiers(found)),
            _section("What gives it away", _GIVES, _tells(found)),
            _section("A typical stretch of each", _TYPICAL, _examples(found)),
            _section("How far apart", _APART, _distances(found)),
            _section("Learned from one, asked about the other", _LEARNED, _forecasts(found)),
            _section("Facts", "Over all servers of both.", _facts(found)),
        )
    )
    return (
        '<!DOCTYPE html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        f'<meta http-equiv="Content-Security-Policy" content="{policy}">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        '<meta name="color-scheme" content="light dark">\n'
        f'<title>{_title(found)}</title>\n<link rel="icon" href="data:,">\n'
        f"<style>{style}</style>\n</head>\n<body>\n<main>\n{body}\n</main>\n</body>\n</html>\n"
    )


_CLASSIFIERS = (
    "Area under the curve of a classifier that learned from half of the servers of both, asked "
    "about the others: .5 cannot tell, 1 always knows. Halves of one dataset are the floor."
)
_GIVES = (
    "Features that differ by more than chance among servers explains, the clearest of each kind; "
    "then those that may be chance. "
    "The figure is how well one tells alone, from .5 to 1; the pictures are how its values are "
    "distributed over stretches."
)
_TYPICAL = "The stretch whose features are nearest to the middle of all that were drawn."
_APART = (
    "Largest difference of the distributions of all values, and mean differences of median "
    "correlations; halves of one dataset are the floor."
)
_LEARNED = (
    "Mean absolute scaled error (MASE) of a linear autoregression on servers that it did not learn "
    "from; the naive forecast is what was there a day before."
)


def _head(found: Comparison) -> str:
    metric = found.metrics[0]
    apart = found.classifiers[metric]["features"]
    said = (
        f"By {NAMES[metric]}, a classifier tells them apart at an AUC of {_auc(apart.between)}; "
        f"halves of A at {_auc(apart.a)}, halves of B at {_auc(apart.b)}."
    )
    return (
        f"<h1>{_title(found)}</h1>\n<p>{said}</p>\n"
        f'<p><span class="a">A</span> {_side(found.a, found.days)}</p>\n'
        f'<p><span class="b">B</span> {_side(found.b, found.days)}</p>'
    )


def _title(found: Comparison) -> str:
    return f"{_text(found.a.name)} and {_text(found.b.name)} compared"


def _side(side: Side, days: int) -> str:
    return f"{_text(side.name)}: {_text(side.used_of(days))}"


def _section(title: str, about: str, content: str) -> str:
    return f'<h2>{title}</h2>\n<p class="soft">{about}</p>\n{content}'


def _classifiers(found: Comparison) -> str:
    rows = [
        [
            f"{_metric(metric)}, {KINDS[kind]}",
            *(_auc(told) for told in (apart.between, apart.a, apart.b)),
        ]
        for metric, kinds in found.classifiers.items()
        for kind, apart in kinds.items()
    ]
    return _table(["a classifier looks at", "A against B", "A against A", "B against B"], rows)


def _tells(found: Comparison) -> str:
    told = [*found.clearest(), *found.likely()]
    if not told:
        return "<p>No feature does.</p>"
    cards = [
        f"<figure><figcaption><b>{tell.clarity:.2f}</b> {_text(tell.sentence)}"
        f"{'' if tell.sure else ' <small>May be chance.</small>'}</figcaption>"
        f"{_bars(tell.histogram, tell.label, 100 if tell.unit == 'share' else 1)}</figure>"
        for tell in told[:_TELLS]
    ]
    return f'<div class="cards">{"".join(cards)}</div>'


def _bars(histogram: Histogram, label: str, scale: int) -> str:
    """Return two histograms over each other, as one picture."""
    top = max(*histogram.a, *histogram.b)
    wide = _WIDTH / len(histogram.a)
    shapes = "".join(
        f'<path class="{side}" d="{_steps(shares, wide, top)}"/>'
        for side, shares in (("a", histogram.a), ("b", histogram.b))
    )
    places = ((0, "start"), (len(histogram.a) // 2, "middle"), (len(histogram.a), "end"))
    words = "".join(
        f'<text x="{place * wide:.0f}" y="{_HEIGHT + _FOOT - 4}" text-anchor="{anchor}">'
        f"{figure(histogram.edges[place] * scale)}</text>"
        for place, anchor in places
    )
    return _picture(shapes + words, f"Distribution of {label} over the stretches of A and of B")


def _steps(shares: Sequence[float], wide: float, top: float) -> str:
    path = [f"M0 {_HEIGHT}"]
    for place, share in enumerate(shares):
        y = _HEIGHT - share / top * (_HEIGHT - 6)
        path.append(f"L{place * wide:.1f} {y:.1f}L{(place + 1) * wide:.1f} {y:.1f}")
    return "".join(path) + f"L{_WIDTH} {_HEIGHT}Z"


def _examples(found: Comparison) -> str:
    cards = [
        f'<figure><figcaption><span class="{side}">{side.upper()}</span> {_metric(metric)} of '
        f"{_text(stretch.server)}</figcaption>{_course(stretch, metric, side)}</figure>"
        for metric, pair in found.examples.items()
        for side, stretch in zip("ab", pair, strict=True)
    ]
    return f'<div class="cards">{"".join(cards)}</div>'


def _course(stretch: Stretch, metric: str, side: str) -> str:
    values = stretch.series[metric]
    every = -(-len(values) // (_POINTS // 2))
    if every > 1:
        cut = values[: len(values) // every * every].reshape(-1, every)
        points = np.column_stack((cut.min(axis=1), cut.max(axis=1))).ravel().tolist()
    else:
        points = values.tolist()
    low, high = min(points), max(points)
    size = (high - low) or 1.0
    across, up = _WIDTH / (len(points) - 1), (_HEIGHT - 20) / size
    path = "L".join(
        f"{place * across:.1f} {_HEIGHT - (y - low) * up:.1f}" for place, y in enumerate(points)
    )
    words = (
        f'<text x="0" y="12">{figure(high)}</text>'
        f'<text x="0" y="{_HEIGHT + _FOOT - 4}">{figure(low)}</text>'
    )
    drawn = f'<path class="{side} line" d="M{path}"/>{words}'
    return _picture(drawn, f"{NAMES[metric]} of {stretch.server} over the stretch")


def _picture(content: str, label: str) -> str:
    return (
        f'<svg viewBox="0 0 {_WIDTH} {_HEIGHT + _FOOT}" role="img" aria-label="{_text(label)}">'
        f'<path class="axis" d="M0 {_HEIGHT}H{_WIDTH}"/>{content}</svg>'
    )


def _distances(found: Comparison) -> str:
    rows = [
        [f"{_metric(metric)}, {DISTANCES[kind]}", *map(_number, (d.between, d.a, d.b))]
        for metric, kinds in found.distances.items()
        for kind, d in kinds.items()
    ]
    return _table(["distance of", "A from B", "A from A", "B from B"], rows)


def _forecasts(found: Comparison) -> str:
    columns = [(of, by) for of in ("A", "B") for by in ("A", "B", NAIVE)]
    rows = [
        [f"{_metric(metric)}, {horizon} ahead", *(_number(errors[by][of]) for of, by in columns)]
        for metric, ahead in found.forecasts.items()
        for horizon, errors in ahead.items()
    ]
    heads = [f"of {of}, {'naive' if by == NAIVE else f'learned from {by}'}" for of, by in columns]
    return _table(["error", *heads], rows)


def _facts(found: Comparison) -> str:
    rows = []
    for name, fact in known_facts().items():
        values = [side.facts[name] for side in (found.a, found.b)]
        if values != [None, None]:
            rows.append([f"{fact.label} {fact.unit}", *map(fact.shown, values)])
    return _table(["fact", "A", "B"], rows)


def _table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    heads = "".join(f'<th scope="col">{_text(name)}</th>' for name in head)
    lines = "".join(
        f'<tr><th scope="row">{_text(first)}</th>'
        + "".join(f"<td>{_text(cell)}</td>" for cell in cells)
        + "</tr>\n"
        for first, *cells in rows
    )
    return (
        f'<div class="card"><table>\n<thead><tr>{heads}</tr></thead>\n'
        f"<tbody>\n{lines}</tbody>\n</table></div>"
    )


def _metric(metric: str) -> str:
    return NAMES.get(metric, "all metrics")


def _auc(told: Told) -> str:
    return "–" if isnan(told.auc) else f"{told.auc:.3f} ±{told.sd:.3f}"


def _number(value: float) -> str:
    return "–" if isnan(value) else f"{value:.2f}"


def _text(text: object) -> str:
    return escape(shown(text))


def _hash(text: str) -> str:
    return "sha256-" + b64encode(sha256(text.encode()).digest()).decode()
