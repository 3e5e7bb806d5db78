"""What runs out, when, and what would help: dates of a detrended first passage.

Rows of any dataset become a value a day of every server (`rows`, `daily`), these a figure a week
(`weekly`), of which every series' trend is taken (`trend`, `steps`, `sawtooth`, `growth`, `season`)
and drawn towards those of its service (`pool`), and of that the chance of a breach week by week
(`passage`). `estimate` puts these together, `table` says what came out, for servers and for groups
of them, `remedies` what would help; `backtest` does all of it at earlier dates, and looks at what
came.
"""
