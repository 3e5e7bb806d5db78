"""What the files and folders of a dataset folder are called."""

from fleetsynth.fleet import METADATA_COLUMNS

DATA = "data/"
"""Where parts are, so that a reader pointed at it sees nothing else."""
TABLES = "tables/"
"""Where further tables are: each in a folder of its name, with parts named as those of the data."""
MANIFEST = "manifest.json"
"""The file of a folder that comes last, and says what its parts are."""
SCENARIO = "scenario.yaml"
SERVERS = "servers.parquet"
EVENTS = "events.parquet"
LEAVES = "leaves.bin"
"""The leaves of a dataset's digest that one run has made, one after the other."""
VERSIONS = "_versions/"
"""Where what changes with the last day lies: in a folder for each last day that there was."""
CROISSANT = "croissant.json"
README = "README.md"
CARD = (CROISSANT, README)
"""What tells of a dataset in its folder: programs, and people."""
OF_PLAN = {"servers": SERVERS, "events": EVENTS}
"""Files of the tables that are made from the plan alone, by the names of these."""
BESIDE_FILES = ".tables"
"""What the folder of the tables beside a file ends with: ``fleet.tables`` for ``fleet.parquet``."""

DAY_KEYS = ("day", "date")
"""Partition keys that are no columns: the timestamp of each row says the same."""
TIME_KEYS = ("year", "month", *DAY_KEYS)
SERVER_KEYS = ("server_type", *METADATA_COLUMNS)
PARTITION_KEYS = (*TIME_KEYS, *SERVER_KEYS)


def version_key(until: str, name: str) -> str:
    """Return where a file lies that belongs to a dataset as it is until a day."""
    return f"{VERSIONS}{until}/{name}"


def table_key(part: str, table: str) -> str:
    """Return where the rows of a further table are that belong to a part of the data."""
    return f"{TABLES}{table}/{part.removeprefix(DATA)}"
