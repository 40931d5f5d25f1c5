# Installs into an empty database, and upgrades the tables of one that a newer image finds. Settings that it writes go with it.
set -euo pipefail
cd /var/www/magento
# 0 is yes, 1 is no. Nothing is installed into a database that did not answer, for it may be full.
exists=0
php -r "$TABLE_EXISTS" || exists=$?
[ "$exists" -le 1 ] || { echo "the database does not answer"; exit 1; }
if [ "$exists" = 0 ]; then
  cp /settings/env.php app/etc/env.php
  status=0
  bin/magento setup:db:status || status=$?
  case $status in
    0) exit 0 ;;
    2) exec bin/magento setup:upgrade --keep-generated --no-interaction ;;
    *) exit "$status" ;;
  esac
fi
arguments=(
  --no-interaction
  --base-url="https://$SHOP_HOST/" --base-url-secure="https://$SHOP_HOST/" --use-secure=1 --use-secure-admin=1
  --backend-frontname="$ADMIN_URI" --key="$(cat /run/secrets/application/crypt-key)"
  --admin-user="$ADMIN_USER" --admin-email="$ADMIN_EMAIL" --admin-firstname="$ADMIN_FIRST_NAME" --admin-lastname="$ADMIN_LAST_NAME"
  --admin-password="$(cat /run/secrets/application/magento-password)"
  --db-host="$DATABASE_HOST:$DATABASE_PORT" --db-name="$DATABASE_NAME" --db-user="$DATABASE_USER" --db-prefix="$TABLE_PREFIX"
  --db-password="$(cat /run/secrets/application/database-password)"
  --language="$SHOP_LANGUAGE" --currency="$SHOP_CURRENCY" --timezone="$SHOP_TIMEZONE" --use-rewrites=1
  --search-engine=opensearch --opensearch-host="$SEARCH_SCHEME://$SEARCH_HOST" --opensearch-port="$SEARCH_PORT"
  --opensearch-index-prefix="$SEARCH_PREFIX"
  --session-save=redis --session-save-redis-host="$CACHE_HOST" --session-save-redis-port="$CACHE_PORT" --session-save-redis-db=2
)
if [ -n "$SEARCH_USER" ]; then
  arguments+=(--opensearch-enable-auth=1 --opensearch-username="$SEARCH_USER"
    --opensearch-password="$(cat /run/secrets/application/search-password)")
fi
if [ -e /run/secrets/application/cache-password ]; then
  arguments+=(--session-save-redis-password="$(cat /run/secrets/application/cache-password)")
fi
exec bin/magento setup:install "${arguments[@]}" "$@"
