//! Programs beside the sandbox's own.

use std::time::Duration;

use tokio::io::AsyncReadExt as _;
use weft_sandbox::{Companion, CompanionEnd, CompanionEnding, ExitStatus, SandboxSpec, StartError};

use crate::Case;
use crate::cases::cases;
use crate::world::{World, program, python, read};

pub(crate) const CASES: &[Case] = cases![
    a_program_waits_until_its_companions_let_it_start,
    each_end_is_told_and_the_sandbox_goes_on,
    a_signal_reaches_the_program_and_no_companion,
    companions_are_confined_as_the_program_is,
    what_holds_the_orders_holds_the_sandbox,
    more_than_ten_companions_are_refused,
];

fn companion(code: &str) -> Companion {
    let SandboxSpec { argv, env, cwd, .. } = python(code);
    Companion { argv, env, cwd }
}

fn beside(code: &str, companions: &[&str]) -> SandboxSpec {
    SandboxSpec { companions: companions.iter().map(|code| companion(code)).collect(), ..python(code) }
}

fn end(index: u8, status: ExitStatus) -> CompanionEnd {
    CompanionEnd { index, ending: CompanionEnding::Ended(status) }
}

async fn a_program_waits_until_its_companions_let_it_start(world: World) {
    let spec = beside("print(open('/tmp/note').read())", &["open('/tmp/note', 'w').write('first')"]);
    let mut sandbox = world.start(SandboxSpec { frames: true, ..spec }).await;
    let (_output, mut orders, mut ends) = sandbox.companions.take().unwrap().split();
    assert_eq!(ends.next().await, Some(end(1, ExitStatus::Code(0))));
    orders.start_program().await.unwrap();
    assert_eq!(ends.next().await, Some(end(0, ExitStatus::Code(0))));
    drop((orders, ends));
    assert_eq!(read(sandbox.stdout.take()).await, "first\n");
}

async fn each_end_is_told_and_the_sandbox_goes_on(world: World) {
    let mut spec = beside(
        "import os, signal\nos.kill(os.getpid(), signal.SIGSEGV)",
        &["import sys, time\nprint('seen', flush=True)\ntime.sleep(60)", "raise SystemExit(3)"],
    );
    spec.companions.push(Companion { argv: vec!["/no/such".into()], ..spec.companions[0].clone() });
    let mut sandbox = world.start(spec).await;
    let (output, mut orders, mut ends) = sandbox.companions.take().unwrap().split();
    let not_started = CompanionEnd { index: 3, ending: CompanionEnding::NotStarted(2) };
    assert_eq!(ends.next().await, Some(not_started));
    assert_eq!(ends.next().await, Some(end(2, ExitStatus::Code(3))));
    orders.start_program().await.unwrap();
    assert_eq!(ends.next().await, Some(end(0, ExitStatus::Signal(11))));
    assert_eq!(sandbox.exit(), None);
    let mut output = tokio::net::unix::pipe::Receiver::from_owned_fd(output).unwrap();
    let mut text = [0; 5];
    output.read_exact(&mut text).await.unwrap();
    assert_eq!(&text, b"seen\n");
    assert!(sandbox.usage().await.unwrap().memory_bytes > 0);
    sandbox.kill().await;
    assert_eq!(ends.next().await, None);
}

async fn a_signal_reaches_the_program_and_no_companion(world: World) {
    let wait = "import signal\nprint('up', flush=True)\nsignal.pause()";
    let mut sandbox = world.start(beside(wait, &[wait])).await;
    let (output, mut orders, mut ends) = sandbox.companions.take().unwrap().split();
    orders.start_program().await.unwrap();
    let mut both = [output, sandbox.stdout.take().unwrap()]
        .map(|end| tokio::net::unix::pipe::Receiver::from_owned_fd(end).unwrap());
    for end in &mut both {
        end.read_exact(&mut [0; 3]).await.unwrap();
    }
    sandbox.signal(15).await.unwrap();
    assert_eq!(ends.next().await, Some(end(0, ExitStatus::Signal(15))));
    let other = tokio::time::timeout(Duration::from_millis(100), ends.next()).await;
    assert!(other.is_err(), "the companion goes on: {other:?}");
}

async fn companions_are_confined_as_the_program_is(world: World) {
    let code = "import os\nprint(os.getuid(), os.environ.get('WEFT_FRAMES_FD'), sorted(os.listdir('/proc/self/fd'))[:4])\n\
                print([line for line in open('/proc/self/status') if line.startswith(('CapEff', 'NoNewPrivs', 'Seccomp:'))])\n\
                try: open('/usr/x', 'w')\nexcept OSError as error: print(error)";
    let mut sandbox = world.start(SandboxSpec { frames: true, ..beside(code, &[code]) }).await;
    let (output, mut orders, mut ends) = sandbox.companions.take().unwrap().split();
    assert_eq!(ends.next().await, Some(end(1, ExitStatus::Code(0))));
    orders.start_program().await.unwrap();
    assert_eq!(ends.next().await, Some(end(0, ExitStatus::Code(0))));
    drop((orders, ends));
    let (theirs, own) = (read(Some(output)).await, read(sandbox.stdout.take()).await);
    let [theirs, own] = [&theirs, &own].map(|text| text.split_once('\n').unwrap());
    assert_eq!(theirs.1, own.1);
    assert!(
        theirs.1.contains("CapEff:\\t0000000000000000") && theirs.1.contains("Seccomp:\\t2"),
        "{theirs:?}"
    );
    // The descriptor beyond the first three is the listing's own.
    assert!(theirs.0.ends_with("None ['0', '1', '2', '3']") && own.0.contains(" 3 "), "{theirs:?} {own:?}");
}

async fn what_holds_the_orders_holds_the_sandbox(world: World) {
    let sleep = "import time\ntime.sleep(60)";
    let mut sandbox = world.start(beside(sleep, &[sleep])).await;
    drop(sandbox.companions.take());
    assert_eq!(sandbox.wait().await.status, ExitStatus::Code(0));
}

async fn more_than_ten_companions_are_refused(world: World) {
    for (count, fits) in [(10, true), (11, false)] {
        let companions = vec![companion("pass"); count];
        let spec = SandboxSpec { companions, ..program(&["/usr/bin/true"]) };
        let started = world.launcher.start(spec).await;
        assert_eq!(!matches!(started, Err(StartError::Invalid(_))), fits, "{count}");
    }
}
