"""Many machines on Dask: grading goes out to workers, reports come back; the ledger stays where it is."""
