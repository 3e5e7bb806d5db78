"""Make telemetry with mockseries: ``python with_mockseries.py SERVERS HOURS FOLDER``."""

from __future__ import annotations

import sys
from datetime import datetime, timedelta
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
from mockseries.noise import GaussianNoise
from mockseries.seasonality import SinusoidalSeasonality
from mockseries.trend import LinearTrend
from mockseries.utils import datetime_range
def main(servers,hours,folder):
    path=Path(folder); path.mkdir()
    times=np.array(datetime_range(timedelta(hours=1), datetime(2022,1,1), num_points=hours))
    stamps=pd.DatetimeIndex(times)
    writer=None
    for s in range(servers):
        cols={"timestamp":stamps,"server_id":f"server_{s:05d}"}
        for i,(name,(base,sd)) in enumerate({"cpu": (45, 15), "mem": (55, 10), "disk": (30, 8), "net_in": (120, 40), "net_out": (90, 30)}.items()):
            sig=LinearTrend(coefficient=base/1000,time_unit=timedelta(days=30),flat_base=base)+SinusoidalSeasonality(amplitude=sd,period=timedelta(days=1))+GaussianNoise(mean=0,std=sd,random_seed=1+s*5+i)
            cols[name]=sig.generate(times).round(2)
        cols |= {"a":"x","b":"y","c":"z","d":"w"}
        t=pa.Table.from_pandas(pd.DataFrame(cols),preserve_index=False)
        writer=writer or pq.ParquetWriter(path/"part-00000.parquet",t.schema)
        writer.write_table(t)
    writer.close()
main(int(sys.argv[1]), int(sys.argv[2]), sys.argv[3])
