#!/bin/sh
# Installs what the suites of other wrappers need, on Debian 12: PostgreSQL 15 with mysql_fdw, ogr_fdw, PostGIS and pg_cron, MariaDB
# and sqlite3. No service is started: the suites start servers of their own. Run it as root.
set -eu
export DEBIAN_FRONTEND=noninteractive
# Without this the packages start their services.
policy=/usr/sbin/policy-rc.d
if [ ! -e "$policy" ]; then
  printf '#!/bin/sh\nexit 101\n' >"$policy"
  chmod +x "$policy"
  trap 'rm -f "$policy"' EXIT
fi
apt-get update
apt-get install -y --no-install-recommends \
  postgresql-15 postgresql-15-mysql-fdw postgresql-15-ogr-fdw postgresql-15-postgis-3 postgresql-15-cron mariadb-server sqlite3
