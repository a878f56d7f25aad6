#!/bin/bash
# sql-migrate, with one table gorp_migrations in each schema.
set -euo pipefail
mode=$1
source=$2
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
mkdir "$folder/files"
for up in "$source"/*.up.sql; do
  name=$(basename "$up" .up.sql)
  { echo "-- +migrate Up"; cat "$up"; echo "-- +migrate Down"; cat "${up/.up./.down.}"; } >"$folder/files/${name}_step.sql"
done
all=$(ls "$folder/files" | wc -l)
run() {
  cat >"$folder/dbconfig.yml" <<YAML
development:
  dialect: postgres
  datasource: host=$PGHOST user=$PGUSER dbname=$PGDATABASE sslmode=disable search_path=$schema
  dir: $folder/files
YAML
  sql-migrate "$@" -config="$folder/dbconfig.yml"
}
while read -r schema count; do
  pending=$(run status | grep -cE '\| no +\|' || true)
  if [ "$mode" = pending ]; then
    echo "$schema $pending"
  elif [ "$((count - all + pending))" -gt 0 ]; then
    run up -limit="$((count - all + pending))" >/dev/null
  fi
done
