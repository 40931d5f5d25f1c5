# Fetches the newest dump of a bucket.
set -eu
newest=$(rclone lsf --recursive --files-only --include "$PATTERN" --format tp --separator ' ' "source:$PLACE" | sort | tail -n 1)
[ -n "$newest" ] || { echo "there is no backup below $PLACE that is called $PATTERN"; exit 1; }
name=${newest#* * }
echo "newest backup: $newest"
# The copy keeps the time, by which its age is judged.
rclone copyto "source:$PLACE/$name" "/scratch/backup/$(basename "$name")"
