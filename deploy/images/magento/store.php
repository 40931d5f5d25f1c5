<?php
// The stores and themes of a shop that was just installed, in the form of app/etc/config.php.
$theme = fn (string $area, string $path, ?string $parent, string $title): array => [
    'parent_id' => $parent, 'theme_path' => $path, 'theme_title' => $title, 'is_featured' => '0',
    'area' => $area, 'type' => '0', 'code' => $path,
];

return [
    'scopes' => [
        'websites' => [
            'admin' => ['website_id' => '0', 'code' => 'admin', 'name' => 'Admin', 'sort_order' => '0', 'default_group_id' => '0', 'is_default' => '0'],
            'base' => ['website_id' => '1', 'code' => 'base', 'name' => 'Main Website', 'sort_order' => '0', 'default_group_id' => '1', 'is_default' => '1'],
        ],
        'groups' => [
            ['group_id' => '0', 'website_id' => '0', 'name' => 'Default', 'root_category_id' => '0', 'default_store_id' => '0', 'code' => 'default'],
            ['group_id' => '1', 'website_id' => '1', 'name' => 'Main Website Store', 'root_category_id' => '2', 'default_store_id' => '1', 'code' => 'main_website_store'],
        ],
        'stores' => [
            'admin' => ['store_id' => '0', 'code' => 'admin', 'website_id' => '0', 'group_id' => '0', 'name' => 'Admin', 'sort_order' => '0', 'is_active' => '1'],
            'default' => ['store_id' => '1', 'code' => 'default', 'website_id' => '1', 'group_id' => '1', 'name' => 'Default Store View', 'sort_order' => '0', 'is_active' => '1'],
        ],
    ],
    'themes' => [
        'frontend/Magento/blank' => $theme('frontend', 'Magento/blank', null, 'Magento Blank'),
        'frontend/Magento/luma' => $theme('frontend', 'Magento/luma', 'Magento/blank', 'Magento Luma'),
        'adminhtml/Magento/backend' => $theme('adminhtml', 'Magento/backend', null, 'Magento 2 backend'),
    ],
];
