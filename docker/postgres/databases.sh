#!/usr/bin/env bash
# Creates two databases on the first start. Neither owner can connect to the other's database.
set -euo pipefail
for name in argilla timbre; do
  variable="${name^^}_DB_PASSWORD"
  # psql reads the password from its environment, so that the process list doesn't show it.
  password="${!variable}" psql --no-psqlrc --quiet --set ON_ERROR_STOP=1 --set name="$name" --dbname postgres <<'SQL'
\getenv password password
CREATE ROLE :"name" LOGIN PASSWORD :'password';
CREATE DATABASE :"name" OWNER :"name";
REVOKE ALL ON DATABASE :"name" FROM PUBLIC;
SQL
done
