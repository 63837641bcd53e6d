//! Failures: one line on stderr, and an exit code that says whose mistake it is.

use std::io;
use std::path::Path;
use std::process::ExitCode;
use std::sync::Mutex;

use arclet::bench_model::BenchError;
use arclet::core::Error as CoreError;
use arclet::core::error::nearest;
use arclet::fit::FitError;
use arclet::infer::Error as EngineError;
use arclet::lens::Error as LensError;
use arclet::plot::PlotError;
use arclet::source::Error as SourceError;
use clap::CommandFactory;
use clap::error::{ContextKind, ContextValue, ErrorKind};

use super::args::Arguments;
use super::log;

/// The result of a command.
pub type Result<T, E = Failure> = std::result::Result<T, E>;

/// Why a command did not do what was asked.
#[derive(Debug)]
pub struct Failure {
    blame: Blame,
    line: String,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Blame {
    /// Something that the user can fix: exit code 2.
    User,
    /// A failure of ours: exit code 1.
    Ours,
    /// The user wanted it to end: exit code 130, as a shell has it for Ctrl-C.
    Interrupt,
    /// Nobody reads our output any more, which is fine.
    ClosedPipe,
}

/// What the last panic said.
static PANIC: Mutex<Option<String>> = Mutex::new(None);

impl Failure {
    /// The user's mistake: what, and how to fix it.
    pub fn user(line: impl ToString) -> Self {
        Failure { blame: Blame::User, line: line.to_string() }
    }

    /// A failure of ours.
    pub fn ours(error: impl ToString) -> Self {
        Failure { blame: Blame::Ours, line: error.to_string() }
    }

    /// Ctrl-C.
    pub fn interrupt(line: &str) -> Self {
        Failure { blame: Blame::Interrupt, line: line.to_owned() }
    }

    /// The operating system refused.
    pub fn io(action: &str, path: &Path, cause: &io::Error) -> Self {
        let fix = match cause.kind() {
            io::ErrorKind::NotFound => "check the path",
            io::ErrorKind::PermissionDenied => "check who may write there, or choose another place",
            io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => "make room on the disk",
            io::ErrorKind::InvalidData => "save it as UTF-8 text",
            _ => "check the path and its permissions",
        };
        let cause = cause.to_string();
        let cause = cause.split(" (os error").next().unwrap_or_default();
        Failure::user(format!("cannot {action} {}: {cause}; {fix}", path.display()))
    }

    /// Whether the user can fix it.
    pub fn is_users(&self) -> bool {
        self.blame == Blame::User
    }

    /// A write to stdout failed.
    pub fn stdout(cause: &io::Error) -> Self {
        let blame = if cause.kind() == io::ErrorKind::BrokenPipe { Blame::ClosedPipe } else { Blame::User };
        Failure { blame, line: format!("cannot write to stdout: {cause}; check where it goes") }
    }

    /// A panic, which is always ours.
    pub fn panicked() -> Self {
        let said = PANIC.lock().ok().and_then(|mut said| said.take()).unwrap_or_else(|| "no message".to_owned());
        Failure::ours(format!("arclet failed inside ({said}); please report this line with the files that led to it"))
    }

    /// Says the line and gives the exit code.
    pub fn exit(self) -> ExitCode {
        if self.blame == Blame::ClosedPipe {
            return ExitCode::SUCCESS;
        }
        let line = format!("error: {}", one_line(&self.line));
        log::line(&line);
        eprintln!("{line}");
        ExitCode::from(match self.blame {
            Blame::User => 2,
            Blame::Interrupt => 130,
            _ => 1,
        })
    }
}

/// Keeps what a panic says for the one line at the end.
pub fn quiet_panics() {
    std::panic::set_hook(Box::new(|info| {
        if let Ok(mut said) = PANIC.lock() {
            *said = Some(info.to_string());
        }
    }));
}

/// A refused command line: help and version go to stdout, anything else is one line.
pub fn of_arguments(error: &clap::Error) -> ExitCode {
    if matches!(
        error.kind(),
        ErrorKind::DisplayHelp | ErrorKind::DisplayVersion | ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand
    ) {
        let mistake = error.kind() == ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand;
        // Nothing is left to do where even the help cannot be printed.
        let _ = error.print();
        return if mistake { ExitCode::from(2) } else { ExitCode::SUCCESS };
    }
    let text = error.to_string();
    let what = text.split("\n\n").next().unwrap_or_default().trim_start_matches("error: ").to_owned();
    let suggested = [ContextKind::SuggestedArg, ContextKind::SuggestedSubcommand, ContextKind::SuggestedValue];
    let suggestion = suggested.into_iter().find_map(|kind| match error.get(kind)? {
        ContextValue::String(one) => Some(one.clone()),
        ContextValue::Strings(all) => all.first().cloned(),
        _ => None,
    });
    // clap suggests only what is very near, and not `fit` for `fti`.
    let suggestion = suggestion.or_else(|| match error.get(ContextKind::InvalidSubcommand)? {
        ContextValue::String(typed) => {
            let command = Arguments::command();
            let names = command.get_subcommands().map(clap::Command::get_name);
            nearest(typed, names).map(str::to_owned)
        }
        _ => None,
    });
    let fix = suggestion.map_or_else(|| "see --help".to_owned(), |s| format!("did you mean `{s}`? see --help"));
    Failure::user(format!("{what}; {fix}")).exit()
}

/// Scripts read errors by the line, and a name in a file may hold what a terminal would obey.
pub fn one_line(text: &str) -> String {
    let words = text.split_whitespace().collect::<Vec<_>>().join(" ");
    words.chars().map(|c| if c.is_control() { c.escape_unicode().to_string() } else { c.to_string() }).collect()
}

impl From<LensError> for Failure {
    fn from(error: LensError) -> Self {
        match error {
            LensError::Language(error) => error.into(),
            LensError::Io { path, action, cause } => Failure::io(action, &path, &cause),
            error => Failure::user(error),
        }
    }
}

impl From<CoreError> for Failure {
    fn from(error: CoreError) -> Self {
        use CoreError as E;
        match error {
            E::Density(_) | E::Broadcast { .. } | E::ArrayLength { .. } | E::Index { .. } | E::ValueOfLanes { .. } => {
                Failure::ours(error)
            }
            E::Cuda { .. } | E::CudaCompile { .. } | E::DeviceRoom { .. } => Failure::ours(error),
            E::RepeatedSite { .. } | E::NoSeed { .. } | E::UnstableSite { .. } => Failure::ours(error),
            // What is left can only come of a system, its priors or its data.
            error => Failure::user(error),
        }
    }
}

impl From<EngineError> for Failure {
    fn from(error: EngineError) -> Self {
        match error {
            EngineError::Density(error) => error.into(),
            EngineError::Setting { .. } => Failure::user(error),
            EngineError::Write { path, source } => Failure::io("write", &path, &source),
            EngineError::CheckpointFile { path, source } => Failure::io("read or write", &path, &source),
            EngineError::CheckpointFormat { .. } => Failure::user(error),
            // They come of a posterior that no chain could move on, or of a name that the files of a posterior cannot hold.
            EngineError::Chain { .. } | EngineError::NoFiniteStart { .. } | EngineError::NoCurvature { .. } => {
                Failure::user(error)
            }
            EngineError::ReservedName { .. } | EngineError::DuplicateName { .. } => Failure::user(error),
            error => Failure::ours(error),
        }
    }
}

impl From<FitError> for Failure {
    fn from(error: FitError) -> Self {
        match error {
            FitError::Lens(error) => error.into(),
            FitError::Model(error) => error.into(),
            FitError::Engine(error) => error.into(),
            error => Failure::user(error),
        }
    }
}

impl From<BenchError> for Failure {
    fn from(error: BenchError) -> Self {
        match error {
            BenchError::Lens(error) => error.into(),
            BenchError::Source(error) => error.into(),
            BenchError::Model(error) => error.into(),
        }
    }
}

impl From<SourceError> for Failure {
    fn from(error: SourceError) -> Self {
        match error {
            SourceError::Lens(error) => error.into(),
            SourceError::Engine(error) => error.into(),
            SourceError::Io { path, action, cause } => Failure::io(action, &path, &cause),
            error => Failure::user(error),
        }
    }
}

impl From<PlotError> for Failure {
    fn from(error: PlotError) -> Self {
        Failure::ours(format!("a picture could not be drawn: {error}"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_error_is_one_line_whatever_its_cause_says() {
        assert_eq!(one_line("  a\n  b:\tc\n"), "a b: c");
        assert_eq!(one_line("\u{1b}[31mred\u{7}"), "\\u{1b}[31mred\\u{7}");
    }

    #[test]
    fn mistakes_in_files_are_the_users_and_the_rest_is_ours() {
        let unknown = CoreError::UnknownPrior { name: "x".into(), nearest: None };
        assert_eq!(Failure::from(unknown.clone()).blame, Blame::User);
        assert_eq!(Failure::from(LensError::from(unknown)).blame, Blame::User);
        assert_eq!(Failure::from(CoreError::Density("x".into())).blame, Blame::Ours);
        assert_eq!(Failure::from(EngineError::StoppedEarly).blame, Blame::Ours);
    }
}
