//! What tests of the command line share: they all run the built binary, from the project's folder.

#![allow(
    dead_code,
    unreachable_pub,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "each test uses a part of it"
)]

use std::ffi::OsStr;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

/// The folder of the project; commands run in it, so that printed paths are relative.
pub fn project() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// A command of `tripline`, ready to run.
pub fn command<A: AsRef<OsStr>>(args: impl IntoIterator<Item = A>) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_tripline"));
    command
        .args(args)
        .current_dir(project())
        .env_remove("RUST_BACKTRACE")
        .stdin(Stdio::null());
    command
}

/// What a command said.
#[derive(Debug)]
pub struct Said {
    pub code: Option<i32>,
    pub stdout: String,
    pub stderr: String,
    pub took: Duration,
}

impl Said {
    fn new(output: Output, took: Duration) -> Said {
        let said = Said {
            code: output.status.code(),
            stdout: String::from_utf8(output.stdout).expect("standard output is UTF-8"),
            stderr: String::from_utf8(output.stderr).expect("standard error is UTF-8"),
            took,
        };
        assert!(!said.stderr.contains("panicked"), "{}", said.stderr);
        assert!(said.code.is_some(), "ended by a signal: {}", output.status);
        said
    }

    /// Exit code, standard output and standard error, as a snapshot holds them.
    pub fn page(&self) -> String {
        let mut page = format!("exit {}\n", self.code.unwrap());
        for (name, text) in [("stdout", &self.stdout), ("stderr", &self.stderr)] {
            if !text.is_empty() {
                page.push_str(&format!("-- {name}\n{}\n", text.trim_end()));
            }
        }
        assert!(
            !page.contains(project().to_str().unwrap()),
            "a path of this machine\n{page}"
        );
        page
    }

    /// The alerts of a run, one JSON object each.
    pub fn alerts(&self) -> Vec<serde_json::Value> {
        self.stdout
            .lines()
            .map(|line| serde_json::from_str(line).unwrap())
            .collect()
    }
}

/// Runs `tripline` to its end. It may not panic, nor end by a signal.
pub fn tripline<A: AsRef<OsStr>>(args: impl IntoIterator<Item = A>) -> Said {
    finish(command(args))
}

/// A folder with rules, in which commands run; thrown away at the end.
pub struct Project {
    folder: tempfile::TempDir,
}

impl Project {
    /// A folder with these files.
    pub fn new(files: &[(&str, &str)]) -> Project {
        let project = Project {
            folder: tempfile::tempdir().unwrap(),
        };
        for (path, text) in files {
            project.write(path, text);
        }
        project
    }

    /// A path in it.
    pub fn path(&self, of: &str) -> PathBuf {
        self.folder.path().join(of)
    }

    /// Writes a file.
    pub fn write(&self, path: &str, text: &str) {
        let path = self.path(path);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    }

    /// Runs `tripline` in it.
    pub fn run(&self, args: &[&str]) -> Said {
        let mut command = command(args);
        command.current_dir(self.folder.path());
        finish(command)
    }
}

/// The longest that a command may take; what takes longer hangs.
const LONGEST: Duration = Duration::from_secs(90);

/// Runs a command to its end.
pub fn finish(mut command: Command) -> Said {
    let start = Instant::now();
    let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let (stdout, stderr) = (drain(child.stdout.take()), drain(child.stderr.take()));
    let status = loop {
        if let Some(status) = child.try_wait().unwrap() {
            break status;
        }
        if start.elapsed() > LONGEST {
            child.kill().unwrap();
            child.wait().unwrap();
            panic!("{command:?} took more than {LONGEST:?}");
        }
        std::thread::sleep(Duration::from_millis(1));
    };
    let output = Output {
        status,
        stdout: stdout.join().unwrap(),
        stderr: stderr.join().unwrap(),
    };
    Said::new(output, start.elapsed())
}

fn drain(pipe: Option<impl Read + Send + 'static>) -> JoinHandle<Vec<u8>> {
    let mut pipe = pipe.unwrap();
    std::thread::spawn(move || {
        let mut bytes = Vec::new();
        pipe.read_to_end(&mut bytes).unwrap();
        bytes
    })
}

/// The folders below one, in order.
pub fn folders(of: &str) -> Vec<PathBuf> {
    let mut found: Vec<PathBuf> = std::fs::read_dir(project().join(of))
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.is_dir())
        .collect();
    found.sort();
    found
}

/// The files below a folder, whole paths in order.
pub fn files_below(folder: &Path) -> Vec<PathBuf> {
    let entries = walkdir::WalkDir::new(folder).into_iter().map(Result::unwrap);
    let files = entries.filter(|entry| entry.file_type().is_file());
    let mut paths: Vec<PathBuf> = files.map(walkdir::DirEntry::into_path).collect();
    paths.sort();
    paths
}

/// The rule files of a folder, without those of folders in it, in order; relative to the project.
pub fn rules(of: &str) -> Vec<PathBuf> {
    let mut found: Vec<PathBuf> = std::fs::read_dir(project().join(of))
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.extension().is_some_and(|end| end == "trip"))
        .map(|path| relative(&path))
        .collect();
    found.sort();
    found
}

/// A path below the project, without it.
pub fn relative(path: &Path) -> PathBuf {
    path.strip_prefix(project()).unwrap().to_owned()
}

/// A case of `tests/cases`.
pub struct Case {
    pub name: String,
    /// Relative to the project.
    pub folder: PathBuf,
    pub args: Vec<String>,
}

impl Case {
    pub fn rule(&self) -> PathBuf {
        self.folder.join("rule.trip")
    }

    pub fn events(&self) -> PathBuf {
        self.folder.join("events.jsonl")
    }

    /// The arguments of its run.
    pub fn run(&self) -> Vec<PathBuf> {
        let mut args = vec!["run".into(), self.rule(), "--input".into(), self.events()];
        args.extend(self.args.iter().map(PathBuf::from));
        args.extend(["--format", "ndjson"].map(PathBuf::from));
        args
    }
}

/// Every case there is.
pub fn cases() -> Vec<Case> {
    folders("tests/cases")
        .into_iter()
        .map(|folder| {
            let args = std::fs::read_to_string(folder.join("args")).unwrap_or_default();
            Case {
                name: folder.file_name().unwrap().to_str().unwrap().to_owned(),
                folder: relative(&folder),
                args: args.split_whitespace().map(str::to_owned).collect(),
            }
        })
        .collect()
}

/// Compares a text with `<folder>/<name>.snap` of the project.
pub fn snapshot(folder: &Path, name: &str, text: &str) {
    let mut settings = insta::Settings::clone_current();
    settings.set_snapshot_path(project().join(folder));
    settings.set_prepend_module_to_snapshot(false);
    settings.set_omit_expression(true);
    settings.bind(|| insta::assert_snapshot!(name, text));
}
