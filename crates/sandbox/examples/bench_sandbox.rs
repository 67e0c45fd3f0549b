//! From the call to the first byte that a program prints, per mode and program; `ready` is the launcher's own start.
//!
//! `cargo run --release -p weft-sandbox --example bench_sandbox [-- --json] [--runs N]`. As root both modes are
//! measured (`rootless` as an ordinary user), else `rootless` alone.

use std::os::unix::process::CommandExt;
use std::path::PathBuf;
use std::process::{Command, ExitCode, Stdio};
use std::time::{Duration, Instant};

use tokio::io::AsyncReadExt;
use tokio::net::unix::pipe;
use weft_sandbox::{Launcher, LauncherConfig, Limits, Network, SandboxSpec, SyntheticFile};

const ORDINARY: u32 = 65_534;

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    if let Some(mode) = arguments.first().and_then(|argument| argument.strip_prefix("--mode=")) {
        return measure(mode, arguments[1].parse().expect("a number of runs"));
    }
    let json = arguments.iter().any(|argument| argument == "--json");
    let runs = arguments.iter().skip_while(|argument| *argument != "--runs").nth(1);
    let runs = runs.map_or("200", String::as_str);
    let root = rustix::process::geteuid().is_root();
    let home = tempfile::tempdir().expect("a temporary folder");
    let program = home.path().join("bench");
    std::fs::copy(std::env::current_exe().expect("the own path"), &program).expect("a copy of this program");
    let open = <std::fs::Permissions as std::os::unix::fs::PermissionsExt>::from_mode(0o755);
    std::fs::set_permissions(home.path(), open).expect("a folder for all");
    let mut lines = Vec::new();
    for mode in if root { &["full", "rootless"][..] } else { &["rootless"][..] } {
        let mut command = Command::new(&program);
        command.arg(format!("--mode={mode}")).arg(runs).stdout(Stdio::piped());
        if root && *mode == "rootless" {
            command.uid(ORDINARY).gid(ORDINARY);
        }
        let output =
            command.spawn().and_then(std::process::Child::wait_with_output).expect("a measured mode");
        lines.extend(String::from_utf8_lossy(&output.stdout).lines().map(str::to_owned));
    }
    print(&lines, json);
    ExitCode::SUCCESS
}

/// Lines are `mode program runs min p50 p99`, times in microseconds.
fn print(lines: &[String], json: bool) {
    if json {
        let rows: Vec<_> = lines
            .iter()
            .map(|line| {
                let f: Vec<&str> = line.split(' ').collect();
                let number = |at: usize| f[at].parse::<u64>().unwrap_or(0);
                serde_json::json!({"mode": f[0], "program": f[1], "runs": number(2), "min_us": number(3), "p50_us": number(4), "p99_us": number(5)})
            })
            .collect();
        println!("{}", serde_json::Value::from(rows));
        return;
    }
    println!("{:<10}{:<10}{:>6}{:>10}{:>10}{:>10}", "mode", "program", "runs", "min us", "p50 us", "p99 us");
    for line in lines {
        let f: Vec<&str> = line.split(' ').collect();
        println!("{:<10}{:<10}{:>6}{:>10}{:>10}{:>10}", f[0], f[1], f[2], f[3], f[4], f[5]);
    }
}

fn measure(mode: &str, runs: usize) -> ExitCode {
    let begin = Instant::now();
    let link = weft_sandbox::fork_launcher(&LauncherConfig::default()).expect("a launcher");
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    runtime.block_on(async {
        let launcher = Launcher::connect(link).expect("a connection");
        let ready = begin.elapsed().as_micros();
        println!("{mode} ready 1 {ready} {ready} {ready}");
        for (name, spec, runs) in programs(runs) {
            let mut times = Vec::new();
            for _ in 0..runs + 3 {
                times.push(first_byte(&launcher, &spec).await);
                // Pools are refilled between requests, not during them.
                tokio::time::sleep(Duration::from_millis(8)).await;
            }
            let mut times = times.split_off(3);
            times.sort_unstable();
            let at = |share: usize| times[(times.len() - 1) * share / 100].as_micros();
            println!("{mode} {name} {runs} {} {} {}", at(0), at(50), at(99));
        }
    });
    ExitCode::SUCCESS
}

async fn first_byte(launcher: &Launcher, spec: &SandboxSpec) -> Duration {
    let begin = Instant::now();
    let mut sandbox = launcher.start(spec.clone()).await.expect("a start");
    let mut out = pipe::Receiver::from_owned_fd(sandbox.stdout.take().expect("an output")).expect("a pipe");
    out.read_exact(&mut [0; 1]).await.expect("a byte");
    let took = begin.elapsed();
    sandbox.kill().await;
    took
}

fn programs(runs: usize) -> Vec<(&'static str, SandboxSpec, usize)> {
    let mut programs = Vec::new();
    let contents = smallest_program();
    if !contents.is_empty() {
        let path = PathBuf::from("/var/task/bootstrap");
        let mut spec = program(&["/var/task/bootstrap"]);
        spec.files = vec![SyntheticFile { path, contents, executable: true }];
        programs.push(("static", spec, runs));
    }
    programs.push(("dynamic", program(&["/bin/echo", "x"]), runs));
    programs.push(("python", program(&["/usr/bin/python3", "-I", "-S", "-c", "print(1)"]), runs / 2));
    if std::path::Path::new("/usr/bin/node").exists() {
        let mut spec = program(&["/usr/bin/node", "-e", "console.log(1)"]);
        spec.limits.memory_bytes = 512 << 20;
        programs.push(("node", spec, runs / 5));
    }
    programs
}

fn program(argv: &[&str]) -> SandboxSpec {
    SandboxSpec {
        name: "bench".to_owned(),
        argv: argv.iter().map(ToString::to_string).collect(),
        env: Vec::new(),
        cwd: PathBuf::from("/tmp"),
        mounts: Vec::new(),
        interpreter_prefixes: Vec::new(),
        files: Vec::new(),
        limits: Limits::default(),
        network: Network::Own,
        frames: false,
        companions: Vec::new(),
    }
}

/// A program that writes one byte and ends: an ELF header, one segment, and seven instructions.
#[cfg(target_arch = "x86_64")]
fn smallest_program() -> Vec<u8> {
    const BASE: u64 = 0x40_0000;
    let code: &[u8] = &[
        0xB8, 1, 0, 0, 0, // mov eax, write
        0xBF, 1, 0, 0, 0, // mov edi, 1
        0xBE, 0, 0, 0x40, 0, // mov esi, the header's first byte
        0xBA, 1, 0, 0, 0, // mov edx, 1
        0x0F, 0x05, // syscall
        0xB8, 60, 0, 0, 0, // mov eax, exit
        0x31, 0xFF, // xor edi, edi
        0x0F, 0x05, // syscall
    ];
    let length = 120 + code.len() as u64;
    let mut elf = b"\x7fELF\x02\x01\x01\0\0\0\0\0\0\0\0\0".to_vec();
    elf.extend([2, 0, 62, 0, 1, 0, 0, 0]);
    elf.extend((BASE + 120).to_le_bytes());
    elf.extend(64u64.to_le_bytes());
    elf.extend([0; 12]);
    elf.extend([64, 0, 56, 0, 1, 0, 64, 0, 0, 0, 0, 0]);
    elf.extend([1, 0, 0, 0, 5, 0, 0, 0]);
    for value in [0, BASE, BASE, length, length, 0x1000] {
        elf.extend(value.to_le_bytes());
    }
    elf.extend(code);
    elf
}

#[cfg(not(target_arch = "x86_64"))]
fn smallest_program() -> Vec<u8> {
    Vec::new()
}
