//! Chandlery through its front door: the built binary as a process, a socket, the real clients.
//!
//! Tests whose names begin with an id, such as `i5_…`, each hold the server to that rule of the client contract:
//! I the index, S its size and speed, P packages and provenance, U uploads, A authentication.
//! `q_…` are ChartMuseum's defects, none of which may come back.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod auth;
mod auth_helm;
mod auth_tokens;
mod bucket;
mod chartmuseum_defects;
mod chartmuseum_rows;
mod chartmuseum_settings;
mod cm_push;
mod connections;
mod contract;
mod early_refusals;
mod faults;
mod helm;
mod index_bytes;
mod index_content;
mod index_delivery;
mod kill;
mod listing;
mod metrics;
mod operate;
mod packages;
mod refusals;
mod registry_access;
mod registry_blobs;
mod registry_charts;
mod registry_clients;
mod registry_contract;
mod registry_lists;
mod registry_manifests;
mod registry_rules;
mod registry_uploads;
mod removal;
mod replicas;
mod repositories;
mod schemathesis;
mod serving;
mod settings;
mod stack;
mod static_server;
mod takeover;
mod tls;
mod uploads;
mod versions;
mod views;
mod web;
