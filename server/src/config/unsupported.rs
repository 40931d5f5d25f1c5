//! The settings of ChartMuseum's storages that Chandlery has not. They are known, so that a value in a file or in the
//! environment is no mistake; `--storage` itself refuses those storages.

use super::{Kind, Setting};

pub(super) const SETTINGS: &[&Setting] = &[
    &text("storage-google-bucket", "storage.google.bucket"),
    &text("storage-google-prefix", "storage.google.prefix"),
    &text("storage-oracle-bucket", "storage.oracle.bucket"),
    &text("storage-oracle-prefix", "storage.oracle.prefix"),
    &text("storage-oracle-region", "storage.oracle.region"),
    &text("storage-oracle-compartmentid", "storage.oracle.compartmentid"),
    &text("storage-microsoft-container", "storage.microsoft.container"),
    &text("storage-microsoft-prefix", "storage.microsoft.prefix"),
    &text("storage-alibaba-bucket", "storage.alibaba.bucket"),
    &text("storage-alibaba-prefix", "storage.alibaba.prefix"),
    &text("storage-alibaba-endpoint", "storage.alibaba.endpoint"),
    &text("storage-alibaba-sse", "storage.alibaba.sse"),
    &text("storage-openstack-container", "storage.openstack.container"),
    &text("storage-openstack-prefix", "storage.openstack.prefix"),
    &text("storage-openstack-region", "storage.openstack.region"),
    &text("storage-openstack-cacert", "storage.openstack.cacert"),
    &text("storage-openstack-auth", "storage.openstack.auth").default("auto"),
    &text("storage-baidu-bucket", "storage.baidu.bucket"),
    &text("storage-baidu-prefix", "storage.baidu.prefix"),
    &text("storage-baidu-endpoint", "storage.baidu.endpoint"),
    &text("storage-etcd-endpoint", "storage.etcd.endpoint").default("http://localhost:2379"),
    &text("storage-etcd-cafile", "storage.etcd.cafile"),
    &text("storage-etcd-certfile", "storage.etcd.certfile"),
    &text("storage-etcd-keyfile", "storage.etcd.keyfile"),
    &text("storage-etcd-prefix", "storage.etcd.prefix"),
    &text("storage-tencent-bucket", "storage.tencent.bucket"),
    &text("storage-tencent-prefix", "storage.tencent.prefix"),
    &text("storage-tencent-endpoint", "storage.tencent.endpoint"),
];

const fn text(name: &'static str, key: &'static str) -> Setting {
    Setting::new(name, Kind::Text, "Of a storage that ChartMuseum has and Chandlery has not.")
        .key(key)
        .unneeded("its storage is not supported")
}
