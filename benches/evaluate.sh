#!/usr/bin/env bash
# Scores of the default settings on simulated markets: planted (seeds 301–320) and lawful (seeds 401–420, with and without costs).
# usage: benches/evaluate.sh PRICEWATCH_BINARY
set -euo pipefail
program=$1
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
size=(--cities 3 --goods 2 --sellers 40 --days 140)
for seed in $(seq 301 320); do
  m=$work/$seed
  "$program" simulate --seed "$seed" "${size[@]}" --gougers 8 --cartels 4 --out "$m"
  "$program" run --quiet --prices "$m/prices.csv" --costs "$m/costs.csv" --enterprises "$m/enterprises.csv" --out "$m/run"
  echo "planted $seed"; "$program" evaluate --truth "$m/truth.json" --run "$m/run"
done
for seed in $(seq 401 420); do
  m=$work/$seed
  "$program" simulate --seed "$seed" "${size[@]}" --gougers 0 --cartels 0 --out "$m"
  "$program" run --quiet --prices "$m/prices.csv" --costs "$m/costs.csv" --enterprises "$m/enterprises.csv" --out "$m/with"
  "$program" run --quiet --prices "$m/prices.csv" --enterprises "$m/enterprises.csv" --out "$m/without"
  echo "lawful $seed: leads with costs $(($(wc -l < "$m/with/leads.csv") - 1)), without $(($(wc -l < "$m/without/leads.csv") - 1))"
done
