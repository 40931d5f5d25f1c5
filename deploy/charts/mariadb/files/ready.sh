# Whether this server can be used; with the argument "replica", whether it also follows its primary closely enough.
# The image makes the user of this file, and starts without the network until everything is set up.
set -eu
lag=${2:-60}
# Within the pod, where a certificate would have to be in the name of localhost.
ask() {
  mariadb --defaults-extra-file=/var/lib/mysql/.my-healthcheck.cnf --protocol=socket --skip-ssl --skip-ssl-verify-server-cert \
    --connect-timeout=3 --batch "$@"
}
usable="SELECT @@skip_networking = 0 AND EXISTS (SELECT 1 FROM information_schema.ENGINES WHERE ENGINE = 'InnoDB' AND SUPPORT <> 'NO')"
[ "$(ask --skip-column-names --execute="$usable")" = 1 ]
if [ "${1:-}" = replica ]; then
  # A server that follows nobody has no status.
  status=$(ask --vertical --execute='SHOW REPLICA STATUS')
  [[ $status =~ Slave_IO_Running:\ Yes ]]
  [[ $status =~ Slave_SQL_Running:\ Yes ]]
  [[ $status =~ Seconds_Behind_Master:\ ([0-9]+) ]]
  ((BASH_REMATCH[1] <= lag))
fi
