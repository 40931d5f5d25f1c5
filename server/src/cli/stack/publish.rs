//! `chandlery stack publish`: our charts to another server.

use std::io::Read;
use std::process::ExitCode;

use chart::Package;
use clap::{Arg, ArgAction, ArgMatches, Command};
use serde::Serialize;

use super::target::{Credentials, Outcome, Target, Trust, Way};
use crate::cli::output::{EXIT_CODES, Output};
use crate::cli::wrong_use;

const TO: &str = "to";
const CHART: &str = "chart";
const CONTEXT_PATH: &str = "server-context-path";
const USERNAME: &str = "username";
const PASSWORD: &str = "password";
const PASSWORD_STDIN: &str = "password-stdin";
const TOKEN: &str = "token";
const FORCE: &str = "force";
const CA_FILE: &str = "ca-file";
const INSECURE: &str = "insecure-skip-tls-verify";
const PLAIN_HTTP: &str = "plain-http";

pub(super) fn command() -> Command {
    let text = |name: &'static str, value: &'static str, help: &'static str| {
        Arg::new(name).long(name).value_name(value).help(help)
    };
    let flag = |name: &'static str, help: &'static str| Arg::new(name).long(name).action(ArgAction::SetTrue).help(help);
    Command::new("publish")
        .about("Publish the charts on any server with ChartMuseum's API, or in any OCI registry")
        .after_help(EXIT_CODES)
        .arg(
            text(TO, "URL", "The address of the repository as `helm repo add` takes it, or oci:// as `helm push` does")
                .required(true),
        )
        .arg(text(CHART, "NAME", "Only this chart; may be repeated").action(ArgAction::Append))
        .arg(text(CONTEXT_PATH, "PATH", "The context path of that server, which is part of the address"))
        .arg(text(USERNAME, "NAME", "The user").env("STACK_USERNAME"))
        .arg(
            text(PASSWORD, "TEXT", "The user's password")
                .env("STACK_PASSWORD")
                .hide_env_values(true)
                .requires(USERNAME),
        )
        .arg(flag(PASSWORD_STDIN, "Read the password from standard input").requires(USERNAME).conflicts_with(PASSWORD))
        .arg(text(TOKEN, "TEXT", "A bearer token").env("STACK_TOKEN").hide_env_values(true).conflicts_with(USERNAME))
        .arg(flag(FORCE, "Replace versions that have other bytes there"))
        .arg(text(CA_FILE, "PATH", "Trust the certificates of this file (PEM) as well"))
        .arg(flag(INSECURE, "Trust any certificate"))
        .arg(flag(PLAIN_HTTP, "Ask a registry by HTTP"))
        .arg(Output::argument())
}

/// What became of a chart.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Line {
    name: String,
    version: String,
    digest: String,
    #[serde(flatten)]
    outcome: Outcome,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Report {
    to: String,
    charts: Vec<Line>,
}

pub(super) fn run(matches: &ArgMatches) -> ExitCode {
    let output = Output::of(matches);
    let (target, packages) = match target(matches).and_then(|target| Ok((target, chosen(matches)?))) {
        Ok(read) => read,
        Err(reason) => return wrong_use(reason),
    };
    let runtime = match tokio::runtime::Builder::new_current_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => return output.failed(error),
    };
    let charts = runtime.block_on(async {
        let mut lines = Vec::new();
        for package in packages {
            let outcome = target.publish(&package).await;
            let (name, version) = (package.name().to_string(), package.version().to_string());
            lines.push(Line { name, version, digest: package.digest().to_string(), outcome });
        }
        lines
    });
    let report = Report { to: target.address().to_owned(), charts };
    let good = report.charts.iter().all(|line| line.outcome.is_good());
    output.report(good, || report.charts.iter().map(text).collect(), &report)
}

fn target(matches: &ArgMatches) -> Result<Target, String> {
    let text = |name: &str| matches.get_one::<String>(name).cloned();
    let password = match text(PASSWORD) {
        None if matches.get_flag(PASSWORD_STDIN) => Some(from_standard_input()?),
        given => given,
    };
    let credentials = match (text(USERNAME), password, text(TOKEN)) {
        (Some(user), password, _) => Credentials::User(user, password.unwrap_or_default()),
        (None, _, Some(token)) => Credentials::Token(token),
        (None, _, None) => Credentials::None,
    };
    let trust = Trust { ca_file: text(CA_FILE), anybody: matches.get_flag(INSECURE) };
    let context_path = text(CONTEXT_PATH).unwrap_or_default();
    let way = Way { context_path, plain_http: matches.get_flag(PLAIN_HTTP), trust };
    Target::new(&text(TO).unwrap_or_default(), &way, credentials, matches.get_flag(FORCE))
}

fn from_standard_input() -> Result<String, String> {
    let mut text = String::new();
    std::io::stdin().read_to_string(&mut text).map_err(|error| format!("no password can be read: {error}"))?;
    Ok(text.trim_end_matches(['\r', '\n']).to_owned())
}

fn chosen(matches: &ArgMatches) -> Result<Vec<Package>, String> {
    let packages = stack::packages().map_err(|error| error.to_string())?;
    let Some(names) = matches.get_many::<String>(CHART) else { return Ok(packages) };
    let names: Vec<_> = names.collect();
    if let Some(unknown) = names.iter().find(|name| !packages.iter().any(|package| package.name().as_str() == ***name))
    {
        return Err(format!("there is no chart {unknown}: `chandlery stack list` has them"));
    }
    Ok(packages.into_iter().filter(|package| names.iter().any(|name| package.name().as_str() == **name)).collect())
}

fn text(line: &Line) -> String {
    let Line { name, version, outcome, .. } = line;
    format!(
        "{:10} {name} {version}{}\n",
        outcome.word(),
        outcome.reason().map(|reason| format!(": {reason}")).unwrap_or_default()
    )
}
