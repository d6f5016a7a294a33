#!/usr/bin/env python3
"""What is to be beaten: a bare typed polars scan and group-by (median price, quantity, last price by seller, good, region, day).

usage: polars_scan.py FILE.csv           needs: pip install polars
It neither checks nor names broken rows: a file that holds one stops it, or, with ignore_errors, is counted as good.
"""
import sys
import polars as pl

types = {"date": pl.Date, "transaction_id": pl.String, "seller_id": pl.String, "seller_name": pl.String, "region": pl.String,
         "product": pl.String, "unit": pl.String, "pack_size": pl.Int64, "quantity": pl.Int64, "unit_price": pl.Float64}
key = ["seller_id", "region", "product", "date"]
panel = (pl.scan_csv(sys.argv[1], schema=types, ignore_errors=True, truncate_ragged_lines=True, quote_char=None)
         .with_columns(price=pl.col("unit_price") / pl.col("pack_size"))
         .group_by(key).agg(pl.col("price").median(), pl.col("quantity").sum(), last=pl.col("price").last())
         .collect(engine="streaming"))
print(panel.height)
