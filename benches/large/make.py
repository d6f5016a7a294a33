#!/usr/bin/env python3
"""A transactions file of N rows (10 million are about 1 GB): 4,000 sellers in 20 regions, 7 goods, 100 days.

usage: make.py N OUT.csv [--broken]      needs: pip install duckdb
With --broken, 1 row in 10,000 is spoilt in one of five ways (bad date, bad price, too few fields, too many fields, an
unclosed quote); the line numbers go to OUT.csv.truth. Fixed seeds: the same N gives the same bytes.
"""
import random, sys
import duckdb

n, out = int(sys.argv[1]), sys.argv[2]
duckdb.sql(f"""COPY (SELECT strftime(DATE '2020-01-01' + CAST(i // {max(n // 100, 1)} AS INTEGER), '%Y-%m-%d') AS date,
  'T' || lpad(CAST(i AS VARCHAR), 9, '0') AS transaction_id,
  '91440100MA' || lpad(CAST(hash(i) % 4000 AS VARCHAR), 8, '0') AS seller_id,
  '康民第' || CAST(hash(i) % 4000 AS VARCHAR) || '药房' AS seller_name,
  '地区' || CAST((hash(i) % 4000) % 20 AS VARCHAR) AS region,
  (['KN95口罩','医用外科口罩','一次性医用口罩','医用防护口罩','医用防护服','儿童口罩','乳胶手套'])[1 + CAST(hash(i * 7 + 3) % 7 AS INTEGER)] AS product,
  '盒' AS unit, 50 AS pack_size, 1 + CAST(hash(i * 5 + 1) % 20 AS INTEGER) AS quantity,
  round(50 + (hash(i) % 4000) % 37 + (hash(i * 7 + 3) % 7) * 10 + (hash(i * 11) % 100) / 50.0, 2) AS unit_price
  FROM range({n}) t(i) ORDER BY i) TO '{out}' (HEADER, DELIMITER ',')""")
if "--broken" in sys.argv:
    spoil = [lambda p: [b"2020-13-45"] + p[1:], lambda p: p[:-1] + [b"abc"], lambda p: p[:4], lambda p: p + [b"x"],
             lambda p: p[:4] + [b'"' + p[4]] + p[5:]]
    r, truth, whole = random.Random(1), [], out + ".whole"
    import os
    os.rename(out, whole)
    with open(whole, "rb") as f, open(out, "wb") as o:
        for line, text in enumerate(f, 1):
            if line > 1 and r.random() < 1e-4:
                text = b",".join(r.choice(spoil)(text.rstrip(b"\n").split(b","))) + b"\n"
                truth.append(line)
            o.write(text)
    os.remove(whole)
    open(out + ".truth", "w").write("\n".join(map(str, truth)) + "\n")
