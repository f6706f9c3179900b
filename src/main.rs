//! The command line of Tripline; see [`tripline::cli`].

fn main() -> std::process::ExitCode {
    tripline::cli::main()
}
