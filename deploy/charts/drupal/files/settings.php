<?php

/**
 * @file
 * Settings from the chart's values. Passwords are read from files.
 */

$read = fn (string $name): string => rtrim(file_get_contents("/run/secrets/application/$name"), "\n");

$databases['default']['default'] = [
  'driver' => 'mysql',
  'namespace' => 'Drupal\\mysql\\Driver\\Database\\mysql',
  'autoload' => 'core/modules/mysql/src/Driver/Database/mysql/',
  'host' => getenv('DATABASE_HOST'),
  'port' => getenv('DATABASE_PORT'),
  'database' => getenv('DATABASE_NAME'),
  'username' => getenv('DATABASE_USER'),
  'password' => $read('database-password'),
  'prefix' => getenv('DATABASE_PREFIX') ?: '',
  'collation' => 'utf8mb4_general_ci',
  'init_commands' => ['isolation_level' => 'SET SESSION TRANSACTION ISOLATION LEVEL READ COMMITTED'],
];

$settings['hash_salt'] = $read('hash-salt');
$settings['update_free_access'] = FALSE;
$settings['file_public_path'] = 'sites/default/files';
$settings['file_private_path'] = 'sites/default/files/private';
$settings['config_sync_directory'] = 'sites/default/files/private/sync';
$settings['file_temp_path'] = '/tmp';
// Compiled templates belong to a pod, not to the shared volume.
$settings['php_storage']['twig']['directory'] = '/tmp/twig';
// The code cannot be written anyway.
$settings['skip_permissions_hardening'] = TRUE;
$settings['allow_authorize_operations'] = FALSE;

$hosts = array_filter(explode(' ', getenv('TRUSTED_HOSTS') ?: ''));
if ($hosts) {
  $settings['trusted_host_patterns'] = array_map(fn (string $host): string => '^' . preg_quote($host) . '$', $hosts);
}
$proxies = array_filter(explode(' ', getenv('TRUSTED_PROXIES') ?: ''));
if ($proxies) {
  $settings['reverse_proxy'] = TRUE;
  $settings['reverse_proxy_addresses'] = $proxies;
}
