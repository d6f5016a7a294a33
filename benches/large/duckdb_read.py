#!/usr/bin/env python3
"""DuckDB's read_csv with store_rejects and the same group-by; prints cells and distinct broken lines.

usage: duckdb_read.py FILE.csv           needs: pip install duckdb
"""
import os, sys
import duckdb

db = duckdb.connect(config={"threads": os.cpu_count()})
db.sql(f"""CREATE TABLE panel AS SELECT seller_id, region, product, date, median(unit_price / pack_size) AS price,
  sum(quantity) AS quantity, last(unit_price / pack_size) AS last
  FROM read_csv('{sys.argv[1]}', header=true, delim=',', quote='"', store_rejects=true, rejects_limit=0, parallel=true,
    columns={{'date':'DATE','transaction_id':'VARCHAR','seller_id':'VARCHAR','seller_name':'VARCHAR','region':'VARCHAR',
    'product':'VARCHAR','unit':'VARCHAR','pack_size':'BIGINT','quantity':'BIGINT','unit_price':'DOUBLE'}})
  GROUP BY ALL""")
print(db.sql("SELECT count(*) FROM panel").fetchall()[0][0], db.sql("SELECT count(DISTINCT line) FROM reject_errors").fetchall()[0][0])
