"""The one reader of data that others made, and of ours: files, folders, tables.

How to use it::

    from fleetsynth.reader import ReadOptions, open_dataset

    dataset = open_dataset("export.csv", ReadOptions(columns={"cpu": "CPU, %", "time": "t:s"}))
    dataset.roles                   # {"timestamp": Column("t", unit="s"), "cpu": …}
    dataset.ours()                  # roles by our columns: {"server_id": "server", "cpu_p95": …}
    for rows in dataset.batches():  # structured arrays, in the order of the files
        rows["time"]                # int64, microseconds since the Unix epoch
        rows["server"]              # int32, indices into dataset.converter.words["server"]
        rows["cpu"]                 # float64, percent; NaN where missing
    servers = dataset.servers()     # each server's own series, out of core
    for server in servers.in_order():  # ScatteredError: begin again with servers.sorted()
        server.grid, server.series["cpu"]
    dataset.tell(servers)
    dataset.understood.line()       # for people; .to_dict() for --json; .warnings

Roles: `timestamp` (`time`), `date` (where the time of day is apart), `server`, `cpu`, `memory`,
`disk`, `network`, `net_out`, `type`, `service`, `business_unit`, `region`, `criticality`, the
calendar columns, and each of our columns by its own name (`cpu_mean`, `mem_p50` …); `metric` and
`value` of long datasets, and `statistic`. A short role stands for its p95, mean, max or whatever
comes next; further statistics have roles of their own.

The same under our names, as record batches, file by file: `canonical.OurRows`.

Files alone, as they are: `physical.read_batches` and `read_metadata`; which files a dataset has:
`files.find_files`.
"""

from fleetsynth.formats.options import ReadOptions
from fleetsynth.reader.dataset import Dataset, open_dataset
from fleetsynth.reader.roles import parse_columns
from fleetsynth.reader.series import ScatteredError
from fleetsynth.reader.understood import Understood

__all__ = [
    "Dataset",
    "ReadOptions",
    "ScatteredError",
    "Understood",
    "open_dataset",
    "parse_columns",
]
