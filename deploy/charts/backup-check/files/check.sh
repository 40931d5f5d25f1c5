# Restores the newest dump into a server that nobody else reaches, and asks it questions.
set -euo pipefail

fail() { echo "FAILED: $*"; exit 1; }

newest=$(find "$BACKUPS" -type f -name "$PATTERN" -printf '%T@ %p\n' | sort -n | tail -n 1 | cut -d ' ' -f 2-)
[ -n "$newest" ] || fail "there is no backup below $BACKUPS that is called $PATTERN"
age=$(( ($(date +%s) - $(stat -c %Y "$newest")) / 3600 ))
echo "newest backup: $newest, $age hours old"
[ "$age" -le "$MAX_AGE_HOURS" ] || fail "the newest backup is $age hours old, more than $MAX_AGE_HOURS"

case $newest in
  *.gz) read_dump=(gzip -dc) ;;
  *.bz2) read_dump=(bzip2 -dc) ;;
  *) read_dump=(cat) ;;
esac

socket=$SCRATCH/server.sock
mariadb-install-db --no-defaults --datadir="$SCRATCH/data" --auth-root-authentication-method=normal --skip-test-db > "$SCRATCH/install.log" 2>&1 ||
  { cat "$SCRATCH/install.log"; fail "the scratch server cannot be made"; }
mariadbd --no-defaults --datadir="$SCRATCH/data" --socket="$socket" --pid-file="$SCRATCH/server.pid" --tmpdir="$SCRATCH" \
  --skip-networking --skip-log-bin --innodb-flush-log-at-trx-commit=0 > "$SCRATCH/server.log" 2>&1 &
server=$!
trap 'kill "$server" 2> /dev/null && wait "$server" || true' EXIT
client=(mariadb --no-defaults --socket="$socket" --user=root --batch --skip-column-names)
until "${client[@]}" --execute='SELECT 1' > /dev/null 2>&1; do
  kill -0 "$server" 2> /dev/null || { cat "$SCRATCH/server.log"; fail "the scratch server does not start"; }
  sleep 1
done

# A dump of one database need not say which; one of several does.
"${client[@]}" --execute='CREATE DATABASE IF NOT EXISTS restored'
"${read_dump[@]}" "$newest" | "${client[@]}" restored || fail "the backup cannot be restored"

tables=$("${client[@]}" --execute="SELECT COUNT(*) FROM information_schema.tables WHERE table_schema NOT IN ('mysql', 'sys', 'information_schema', 'performance_schema')")
echo "tables: $tables"
[ "$tables" -ge "$MIN_TABLES" ] || fail "$tables tables were restored, fewer than $MIN_TABLES"

failed=0
while IFS=$'\t' read -r name least query; do
  [ -n "$name" ] || continue
  answer=$("${client[@]}" restored --execute="$query") || { echo "FAILED: $name: the question cannot be asked"; failed=1; continue; }
  if [[ $answer =~ ^[0-9]+$ ]] && [ "$answer" -ge "$least" ]; then
    echo "$name: $answer"
  else
    echo "FAILED: $name: $answer, and not at least $least"; failed=1
  fi
done < "$QUESTIONS"
[ "$failed" = 0 ] || exit 1
echo "the backup was restored and answers"
