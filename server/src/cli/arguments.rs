//! From arguments to flags.

use std::collections::BTreeMap;
use std::ffi::OsString;

use clap::{Arg, ArgAction, ArgMatches, Command};

use crate::config::{CONCERNS, Kind, SETTINGS, Setting, Standing};

/// Version and build, as ChartMuseum prints them: installer scripts take the third word of the line.
pub(super) fn version() -> String {
    format!("{} (build {})", crate::VERSION, option_env!("CHANDLERY_BUILD").unwrap_or("source"))
}

pub(super) fn command() -> Command {
    Command::new("chandlery")
        .display_name("Chandlery")
        .about("A Helm chart repository server")
        .version(format!("version {}", version()))
        .disable_version_flag(true)
        .arg(
            Arg::new("version")
                .long("version")
                .short('v')
                .visible_short_alias('V')
                .action(ArgAction::Version)
                .help("Print the version"),
        )
        .args(
            CONCERNS
                .iter()
                .flat_map(|(title, settings)| settings.iter().map(|setting| flag(setting).help_heading(*title))),
        )
        .subcommands([
            Command::new("serve").about("Serve (the default when only flags are given)"),
            Command::new("check-config").about("Print every setting in force and where it came from"),
            super::reconcile::command(),
            super::hand_back::command(),
            super::doctor::command(),
            super::doctor::contender_command(),
            super::scrub::command(),
            super::collect::command(),
            super::restore::command(),
            super::backup::command(),
            super::backup::restore_command(),
            super::stack::command(),
            super::export::command(),
            super::upgrade_storage::command(),
            Command::new("routes").about("Print every route"),
            Command::new("settings").about("Print the table of settings as Markdown").hide(true),
            Command::new("version").about("Print the version"),
        ])
}

fn flag(setting: &'static Setting) -> Arg {
    let default = match setting.default {
        "" => String::new(),
        default => format!(", default {default}"),
    };
    let help = format!("{} [{}{default}]", setting.help, setting.variable());
    let arg = Arg::new(setting.name)
        .long(setting.name)
        .global(true)
        .value_name(setting.kind.placeholder())
        .help(help)
        .hide_short_help(setting.standing != Standing::InForce);
    let arg = match setting.short {
        Some(short) => arg.short(short),
        None => arg,
    };
    let arg = match setting.kind {
        Kind::Pairs => arg.action(ArgAction::Append),
        _ => arg.overrides_with(setting.name), // the last one counts
    };
    match setting.kind {
        Kind::Boolean => arg.num_args(0..=1).require_equals(true).default_missing_value("true"),
        _ => arg.num_args(1).allow_hyphen_values(true), // whatever follows is the value, as in Go
    }
}

/// Go takes one dash or two before any flag, long or short.
pub(super) fn normalised(arguments: impl IntoIterator<Item = OsString>) -> Vec<OsString> {
    let takes_value = |name: &str| {
        let is =
            |setting: &&&Setting| setting.name == name || setting.short.is_some_and(|short| name == short.to_string());
        SETTINGS.iter().find(is).is_some_and(|setting| setting.kind != Kind::Boolean)
    };
    let mut is_value = false; // of the flag before
    let mut are_flags = true; // until `--`
    let mut normalised = Vec::new();
    for argument in arguments {
        let text = argument.to_str().unwrap_or_default();
        if is_value || !are_flags {
            is_value = false;
            normalised.push(argument);
            continue;
        }
        are_flags = text != "--";
        let bare = text.strip_prefix("--").or_else(|| text.strip_prefix('-')).unwrap_or_default();
        let name = bare.split('=').next().unwrap_or_default();
        is_value = bare == name && takes_value(name);
        normalised.push(match name.chars().count() {
            0 => argument,
            1 => format!("-{bare}").into(),
            _ => format!("--{bare}").into(),
        });
    }
    normalised
}

/// The flags that were given, by name.
pub(super) fn flags(matches: &ArgMatches) -> BTreeMap<&'static str, String> {
    SETTINGS
        .iter()
        .filter_map(|setting| {
            let texts: Vec<&str> = matches.get_many::<String>(setting.name)?.map(String::as_str).collect();
            Some((setting.name, texts.join(",")))
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed(line: &str) -> BTreeMap<&'static str, String> {
        let arguments = normalised(line.split_whitespace().map(OsString::from));
        flags(&command().try_get_matches_from(arguments).unwrap())
    }

    #[test]
    fn the_command_is_well_formed() {
        command().debug_assert();
    }

    #[test]
    fn flags_are_taken_as_chartmuseum_takes_them() {
        for line in [
            "chandlery --port 18306 --debug",
            "chandlery -port 18306 -debug",
            "chandlery -port=18306 -debug=true",
            "chartmuseum --port=18306 --debug",
            "chandlery serve --port=18306 --debug",
            "chandlery --debug -port 18306 serve",
            "chandlery --port 1 --port 18306 --debug=false --debug",
        ] {
            let flags = parsed(line);
            assert_eq!(flags["port"], "18306", "{line}");
            assert_eq!(flags["debug"], "true", "{line}");
            assert_eq!(flags.len(), 2, "{line}");
        }
        assert_eq!(parsed("chandlery -debug=false")["debug"], "false");
        for line in ["-c a.yaml", "-c=a.yaml", "--c a.yaml", "--c=a.yaml", "-config a.yaml", "-c -a --c=a.yaml"] {
            assert_eq!(parsed(&format!("chandlery {line}"))["config"], "a.yaml", "{line}");
        }
        let twice = parsed("chandlery --artifact-hub-repo-id one=1 -artifact-hub-repo-id=two=2");
        assert_eq!(twice["artifact-hub-repo-id"], "one=1,two=2");
        assert_eq!(parsed("chandlery --context-path -port")["context-path"], "-port");
        assert!(parsed("chandlery").is_empty());
    }

    #[test]
    fn every_setting_is_a_flag() {
        for setting in SETTINGS {
            let value = if setting.kind == Kind::Boolean { "true" } else { "7" };
            let flags = parsed(&format!("chandlery -{}={value}", setting.name));
            assert_eq!(flags[setting.name], value);
        }
    }
}
