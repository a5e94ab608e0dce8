#!/usr/bin/env bash
# First start: two databases, each with an owner of its own who may not look into the other's.
set -euo pipefail
for name in argilla timbre; do
  variable="${name^^}_DB_PASSWORD"
  # psql takes the password from its environment, so that no list of processes shows it.
  password="${!variable}" psql --no-psqlrc --quiet --set ON_ERROR_STOP=1 --set name="$name" --dbname postgres <<'SQL'
\getenv password password
CREATE ROLE :"name" LOGIN PASSWORD :'password';
CREATE DATABASE :"name" OWNER :"name";
REVOKE ALL ON DATABASE :"name" FROM PUBLIC;
SQL
done
