<?php
// Settings from the chart's values. Passwords are read from files.
$read = fn (string $name): string => is_file("/run/secrets/application/$name")
    ? rtrim(file_get_contents("/run/secrets/application/$name"), "\n") : '';
$cache = fn (int $database): array => [
    'server' => getenv('CACHE_HOST'), 'port' => getenv('CACHE_PORT'), 'database' => (string) $database,
    'password' => $read('cache-password'), 'compress_data' => '1',
];
$url = 'https://' . getenv('SHOP_HOST') . '/';

return [
    'backend' => ['frontName' => getenv('ADMIN_URI')],
    'crypt' => ['key' => $read('crypt-key')],
    'db' => [
        'table_prefix' => getenv('TABLE_PREFIX') ?: '',
        'connection' => ['default' => [
            'host' => getenv('DATABASE_HOST') . ':' . getenv('DATABASE_PORT'),
            'dbname' => getenv('DATABASE_NAME'),
            'username' => getenv('DATABASE_USER'),
            'password' => $read('database-password'),
            'model' => 'mysql4', 'engine' => 'innodb', 'initStatements' => 'SET NAMES utf8;', 'active' => '1',
        ]],
    ],
    'resource' => ['default_setup' => ['connection' => 'default']],
    'x-frame-options' => 'SAMEORIGIN',
    'MAGE_MODE' => 'production',
    'session' => ['save' => 'redis', 'redis' => [
        'host' => getenv('CACHE_HOST'), 'port' => getenv('CACHE_PORT'), 'password' => $read('cache-password'),
        'database' => '2', 'timeout' => '2.5', 'compression_threshold' => '2048', 'max_concurrency' => '20',
        'break_after_frontend' => '5', 'break_after_adminhtml' => '30', 'disable_locking' => '0',
    ]],
    'cache' => ['frontend' => [
        'default' => ['id_prefix' => 'shop_', 'backend' => 'Magento\\Framework\\Cache\\Backend\\Redis', 'backend_options' => $cache(0)],
        'page_cache' => ['id_prefix' => 'shop_', 'backend' => 'Magento\\Framework\\Cache\\Backend\\Redis', 'backend_options' => $cache(1)],
    ]],
    'lock' => ['provider' => 'db'],
    'directories' => ['document_root_is_pub' => true],
    'cron_consumers_runner' => ['cron_run' => true, 'max_messages' => 1000],
    'queue' => ['consumers_wait_for_messages' => 0],
    'install' => ['date' => 'Thu, 01 Jan 2026 00:00:00 +0000'],
    'system' => ['default' => [
        'web' => [
            'unsecure' => ['base_url' => $url],
            'secure' => ['base_url' => $url, 'use_in_frontend' => '1', 'use_in_adminhtml' => '1']
                + (getenv('OFFLOADER_HEADER') ? ['offloader_header' => getenv('OFFLOADER_HEADER')] : []),
        ],
        'catalog' => ['search' => [
            'engine' => 'opensearch',
            'opensearch_server_hostname' => getenv('SEARCH_HOST'), 'opensearch_server_port' => getenv('SEARCH_PORT'),
            'opensearch_index_prefix' => getenv('SEARCH_PREFIX'),
            'opensearch_enable_auth' => getenv('SEARCH_USER') ? '1' : '0',
            'opensearch_username' => getenv('SEARCH_USER') ?: '', 'opensearch_password' => $read('search-password'),
        ]],
    ]],
];
