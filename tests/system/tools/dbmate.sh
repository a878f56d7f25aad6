#!/bin/bash
# dbmate, with one table schema_migrations in each schema.
set -euo pipefail
mode=$1
source=$2
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
for up in "$source"/*.up.sql; do
  name=$(basename "$up" .up.sql)
  { echo "-- migrate:up"; cat "$up"; echo "-- migrate:down"; cat "${up/.up./.down.}"; } >"$folder/${name}_step.sql"
done
run() {
  DATABASE_URL="postgres://$PGUSER@/$PGDATABASE?host=$PGHOST&search_path=$schema" \
    "$TENANCY_NODE_MODULES/.bin/dbmate" --no-dump-schema "$@"
}
while read -r schema count; do
  if [ "$mode" = pending ]; then
    run -d "$folder" status | sed -n "s/^Pending: /$schema /p"
  elif [ "$count" != 0 ]; then
    some=$(mktemp -d -p "$folder")
    for file in $(ls "$folder"/*.sql | head -n "$count"); do cp "$file" "$some"; done
    run -d "$some" migrate >/dev/null
  fi
done
