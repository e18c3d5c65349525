"""`python far.py reg`: far.csv, a made-up distance to the NRC for each centre of a simulated
registry."""

import sys

import numpy as np
import pandas as pd

centres = pd.read_parquet(f"{sys.argv[1]}/centres.parquet", columns=["centre_id"])
centres["known_from"] = "2024-01-01"
centres["km_to_nrc"] = np.random.default_rng(1).integers(1, 60, len(centres))
centres.to_csv("far.csv", index=False)
