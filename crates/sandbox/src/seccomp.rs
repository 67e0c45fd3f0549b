//! The filter of system calls: a deny list as a binary search tree of BPF instructions.
//!
//! A linear list costs a comparison per rule and per call; the tree needs about seven for a hundred rules, and its
//! program is short, so that loading it takes a tenth of the time.

use libc::{c_long, sock_filter};

/// What happens to a denied call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Verdict {
    Allow,
    /// Answers with this error number.
    Errno(u16),
    /// Lets the sandbox's init answer.
    Ask,
    /// Looks at the low half of an argument.
    Argument {
        index: u32,
        test: Test,
    },
}

/// A test of an argument's low 32 bits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Test {
    /// `EPERM` if any of these bits is set.
    NoBits(u32),
    /// `errno` unless it is one of these.
    OneOf(&'static [u32], u16),
    /// `EPERM` if it is one of these.
    NoneOf(&'static [u32]),
    /// The init answers if both of these bits are set.
    AskIfBoth(u32, u32),
}

const EPERM: u16 = 1;
const ENOMEM: u16 = 12;
const ENOSYS: u16 = 38;
const EAFNOSUPPORT: u16 = 97;
/// `CLONE_NEWNS`, `NEWCGROUP`, `NEWUTS`, `NEWIPC`, `NEWUSER`, `NEWPID`, `NEWNET`.
const CLONE_NAMESPACES: u32 = 0x7E02_0000;
const TIOCSTI: u32 = 0x5412;
const TIOCLINUX: u32 = 0x541C;
/// Unix, IPv4, IPv6, netlink: families whose sockets a network namespace holds (vsock's it does not).
const FAMILIES: &[u32] = &[1, 2, 10, 16];
/// Linux, without address randomization, and the question which it is.
const PERSONALITIES: &[u32] = &[0, 0x0004_0000, 0xFFFF_FFFF];

/// Calls that no program in a sandbox may make, refused with `EPERM`.
const DENIED: &[c_long] = &[
    libc::SYS_acct,
    libc::SYS_add_key,
    libc::SYS_adjtimex,
    libc::SYS_bpf,
    libc::SYS_chroot,
    libc::SYS_clock_adjtime,
    libc::SYS_clock_settime,
    libc::SYS_delete_module,
    libc::SYS_fanotify_init,
    libc::SYS_finit_module,
    libc::SYS_fsconfig,
    libc::SYS_fsmount,
    libc::SYS_fsopen,
    libc::SYS_fspick,
    libc::SYS_init_module,
    libc::SYS_kcmp,
    libc::SYS_kexec_file_load,
    libc::SYS_kexec_load,
    libc::SYS_keyctl,
    libc::SYS_lookup_dcookie,
    libc::SYS_mount,
    libc::SYS_mount_setattr,
    libc::SYS_move_mount,
    libc::SYS_move_pages,
    libc::SYS_migrate_pages,
    libc::SYS_name_to_handle_at,
    libc::SYS_nfsservctl,
    libc::SYS_open_by_handle_at,
    libc::SYS_open_tree,
    libc::SYS_perf_event_open,
    libc::SYS_pidfd_getfd,
    libc::SYS_pivot_root,
    libc::SYS_process_madvise,
    libc::SYS_process_vm_readv,
    libc::SYS_process_vm_writev,
    libc::SYS_ptrace,
    libc::SYS_quotactl,
    libc::SYS_quotactl_fd,
    libc::SYS_reboot,
    libc::SYS_request_key,
    libc::SYS_setdomainname,
    libc::SYS_sethostname,
    libc::SYS_setns,
    libc::SYS_settimeofday,
    libc::SYS_swapoff,
    libc::SYS_swapon,
    libc::SYS_syslog,
    libc::SYS_umount2,
    libc::SYS_unshare,
    libc::SYS_userfaultfd,
    libc::SYS_vhangup,
];

/// Calls that libraries fall back from when the kernel does not know them.
const UNKNOWN: &[c_long] = &[
    // Its flags lie in memory, where a filter cannot look; glibc then uses clone.
    libc::SYS_clone3,
    libc::SYS_io_uring_enter,
    libc::SYS_io_uring_register,
    libc::SYS_io_uring_setup,
    // Its pages outlive every mapping that somebody could count.
    libc::SYS_memfd_secret,
];

/// Memory that only a control group counts: pages given to a pipe are in no process any more.
const UNKNOWN_TO_WATCHDOG: &[c_long] = &[libc::SYS_vmsplice];

#[cfg(target_arch = "x86_64")]
const ONLY_HERE: &[c_long] = &[
    libc::SYS__sysctl,
    libc::SYS_ioperm,
    libc::SYS_iopl,
    libc::SYS_modify_ldt,
    libc::SYS_uselib,
    libc::SYS_ustat,
    libc::SYS_sysfs,
];
#[cfg(not(target_arch = "x86_64"))]
const ONLY_HERE: &[c_long] = &[];

#[cfg(target_arch = "x86_64")]
const ARCHITECTURE: u32 = 0xC000_003E;
#[cfg(target_arch = "aarch64")]
const ARCHITECTURE: u32 = 0xC000_00B7;
/// Calls of the x32 interface have this bit; it would lead around the list.
const X32_BIT: u32 = 0x4000_0000;

const LOAD: u16 = 0x20; // BPF_LD | BPF_W | BPF_ABS
const JUMP: u16 = 0x05; // BPF_JMP | BPF_JA
const JUMP_EQUAL: u16 = 0x15;
const JUMP_AT_LEAST: u16 = 0x35;
const JUMP_ANY_BIT: u16 = 0x45;
const RETURN: u16 = 0x06;
const ALLOW: u32 = 0x7FFF_0000;
const ERRNO: u32 = 0x0005_0000;
const ASK: u32 = 0x7FC0_0000; // SECCOMP_RET_USER_NOTIF
const KILL_PROCESS: u32 = 0x8000_0000;

/// The filter for this architecture. Where a watchdog guards memory, the init answers the calls that make memory which
/// the watchdog could lose sight of.
pub(crate) fn filter(watched: bool) -> Vec<sock_filter> {
    let mut program = vec![
        step(LOAD, 4, 0, 0),
        step(JUMP_EQUAL, ARCHITECTURE, 1, 0),
        step(RETURN, KILL_PROCESS, 0, 0),
        step(LOAD, 0, 0, 0),
        step(JUMP_AT_LEAST, X32_BIT, 0, 1),
        step(RETURN, ERRNO | u32::from(ENOSYS), 0, 0),
    ];
    program.extend(tree(&ranges(rules(watched))));
    program
}

/// The same filter where nobody can answer: what it would ask for fails for want of memory.
pub(crate) fn without_answers(program: &[sock_filter]) -> Vec<sock_filter> {
    let refuse = |instruction: &sock_filter| match (instruction.code, instruction.k) {
        (RETURN, ASK) => step(RETURN, ERRNO | u32::from(ENOMEM), 0, 0),
        _ => *instruction,
    };
    program.iter().map(refuse).collect()
}

fn rules(watched: bool) -> Vec<(u32, Verdict)> {
    let mut rules: Vec<(c_long, Verdict)> = Vec::new();
    rules.extend(DENIED.iter().chain(ONLY_HERE).map(|call| (*call, Verdict::Errno(EPERM))));
    rules.extend(UNKNOWN.iter().map(|call| (*call, Verdict::Errno(ENOSYS))));
    let tests = [
        (libc::SYS_clone, 0, Test::NoBits(CLONE_NAMESPACES)),
        (libc::SYS_socket, 0, Test::OneOf(FAMILIES, EAFNOSUPPORT)),
        (libc::SYS_ioctl, 1, Test::NoneOf(&[TIOCSTI, TIOCLINUX])),
        (libc::SYS_personality, 0, Test::OneOf(PERSONALITIES, EPERM)),
    ];
    rules.extend(tests.map(|(call, index, test)| (call, Verdict::Argument { index, test })));
    if watched {
        let (shared, anonymous) = (libc::MAP_SHARED.cast_unsigned(), libc::MAP_ANONYMOUS.cast_unsigned());
        let test = Test::AskIfBoth(shared, anonymous);
        rules.push((libc::SYS_mmap, Verdict::Argument { index: 3, test }));
        rules.push((libc::SYS_memfd_create, Verdict::Ask));
        rules.extend(UNKNOWN_TO_WATCHDOG.iter().map(|call| (*call, Verdict::Errno(ENOSYS))));
    }
    let mut rules: Vec<_> =
        rules.into_iter().filter_map(|(call, verdict)| Some((u32::try_from(call).ok()?, verdict))).collect();
    rules.sort_unstable_by_key(|(call, _)| *call);
    rules.dedup_by_key(|(call, _)| *call);
    rules
}

/// Turns rules, ordered by call, into ranges: each begins at a call and reaches to the next one's begin.
fn ranges(rules: Vec<(u32, Verdict)>) -> Vec<(u32, Verdict)> {
    let mut ranges: Vec<(u32, Verdict)> = vec![(0, Verdict::Allow)];
    for (call, verdict) in rules {
        match ranges.last_mut() {
            // The allowed gap before this call is empty.
            Some(last) if last.0 == call => last.1 = verdict,
            _ => ranges.push((call, verdict)),
        }
        let at = ranges.len() - 1;
        if at > 0 && ranges[at - 1].1 == ranges[at].1 {
            ranges.pop();
        }
        ranges.push((call + 1, Verdict::Allow));
    }
    ranges
}

fn tree(ranges: &[(u32, Verdict)]) -> Vec<sock_filter> {
    if let [(_, verdict)] = ranges {
        return leaf(*verdict);
    }
    let (low, high) = ranges.split_at(ranges.len() / 2);
    let pivot = high[0].0;
    let (low, high) = (tree(low), tree(high));
    let mut program = match u8::try_from(low.len()) {
        Ok(distance) => vec![step(JUMP_AT_LEAST, pivot, distance, 0)],
        // Conditional jumps reach 255 instructions.
        Err(_) => vec![
            step(JUMP_AT_LEAST, pivot, 0, 1),
            step(JUMP, u32::try_from(low.len()).unwrap_or(u32::MAX), 0, 0),
        ],
    };
    program.extend(low);
    program.extend(high);
    program
}

fn leaf(verdict: Verdict) -> Vec<sock_filter> {
    let errno = |number: u16| step(RETURN, ERRNO | u32::from(number), 0, 0);
    let allow = step(RETURN, ALLOW, 0, 0);
    let (index, test) = match verdict {
        Verdict::Allow => return vec![allow],
        Verdict::Errno(number) => return vec![errno(number)],
        Verdict::Ask => return vec![step(RETURN, ASK, 0, 0)],
        Verdict::Argument { index, test } => (index, test),
    };
    // The arguments begin at byte 16, eight bytes each; both architectures are little-endian.
    let mut program = vec![step(LOAD, 16 + 8 * index, 0, 0)];
    let equal_to = |values: &[u32], program: &mut Vec<sock_filter>| {
        for (at, value) in values.iter().enumerate() {
            // Past the remaining tests and the first return.
            program.push(step(JUMP_EQUAL, *value, u8::try_from(values.len() - at).unwrap_or(u8::MAX), 0));
        }
    };
    match test {
        Test::NoBits(bits) => program.extend([step(JUMP_ANY_BIT, bits, 1, 0), allow, errno(EPERM)]),
        Test::OneOf(values, number) => {
            equal_to(values, &mut program);
            program.extend([errno(number), allow]);
        }
        Test::NoneOf(values) => {
            equal_to(values, &mut program);
            program.extend([allow, errno(EPERM)]);
        }
        Test::AskIfBoth(one, other) => program.extend([
            step(JUMP_ANY_BIT, one, 0, 1),
            step(JUMP_ANY_BIT, other, 1, 0),
            allow,
            step(RETURN, ASK, 0, 0),
        ]),
    }
    program
}

fn step(code: u16, k: u32, jt: u8, jf: u8) -> sock_filter {
    sock_filter { code, jt, jf, k }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Runs a program on a call, as the kernel would.
    fn run(program: &[sock_filter], architecture: u32, call: u32, arguments: [u32; 6]) -> u32 {
        let (mut at, mut a, mut steps) = (0usize, 0u32, 0);
        loop {
            steps += 1;
            assert!(steps < 64, "the tree is deeper than it should be");
            let i = &program[at];
            at += 1;
            let jump = |yes: bool| usize::from(if yes { i.jt } else { i.jf });
            match i.code {
                LOAD => {
                    a = match i.k {
                        0 => call,
                        4 => architecture,
                        k => arguments[((k - 16) / 8) as usize],
                    }
                }
                JUMP => at += i.k as usize,
                JUMP_EQUAL => at += jump(a == i.k),
                JUMP_AT_LEAST => at += jump(a >= i.k),
                JUMP_ANY_BIT => at += jump(a & i.k != 0),
                RETURN => return i.k,
                code => panic!("unknown instruction {code}"),
            }
        }
    }

    fn check(call: c_long, arguments: [u32; 6], expected: u32) {
        check_in(&filter(false), call, arguments, expected);
    }

    fn check_in(program: &[sock_filter], call: c_long, arguments: [u32; 6], expected: u32) {
        let found = run(program, ARCHITECTURE, u32::try_from(call).unwrap(), arguments);
        assert_eq!(found, expected, "call {call} {arguments:?}");
    }

    #[test]
    fn the_init_is_asked_for_memory_that_a_watchdog_could_lose() {
        let watched = filter(true);
        for (flags, expected) in [(0x21, ASK), (0x23, ASK), (0x8021, ASK), (0x22, ALLOW), (0x01, ALLOW)] {
            check_in(&watched, libc::SYS_mmap, [0, 0, 0, flags, 0, 0], expected);
            check(libc::SYS_mmap, [0, 0, 0, flags, 0, 0], ALLOW);
        }
        check_in(&watched, libc::SYS_memfd_create, [0; 6], ASK);
        check_in(&watched, libc::SYS_vmsplice, [0; 6], ERRNO + 38);
        check(libc::SYS_memfd_create, [0; 6], ALLOW);
        let alone = without_answers(&watched);
        check_in(&alone, libc::SYS_mmap, [0, 0, 0, 0x21, 0, 0], ERRNO + 12);
        check_in(&alone, libc::SYS_mmap, [0, 0, 0, 0x22, 0, 0], ALLOW);
        check_in(&alone, libc::SYS_memfd_create, [0; 6], ERRNO + 12);
    }

    #[test]
    fn every_call_gets_the_verdict_of_the_list_and_all_others_pass() {
        let program = filter(false);
        for call in 0..1000u32 {
            let number = c_long::from(call);
            let found = run(&program, ARCHITECTURE, call, [0; 6]);
            let expected = if DENIED.contains(&number) || ONLY_HERE.contains(&number) {
                ERRNO + 1
            } else if UNKNOWN.contains(&number) {
                ERRNO + 38
            } else if number == libc::SYS_socket {
                ERRNO + 97
            } else {
                ALLOW
            };
            assert_eq!(found, expected, "call {call}");
        }
    }

    #[test]
    fn arguments_decide_where_they_must() {
        check(libc::SYS_clone, [0x0120_0011, 0, 0, 0, 0, 0], ALLOW);
        check(libc::SYS_clone, [0x003D_0F00, 0, 0, 0, 0, 0], ALLOW);
        for namespace in [libc::CLONE_NEWUSER, libc::CLONE_NEWNS, libc::CLONE_NEWNET, libc::CLONE_NEWPID] {
            check(libc::SYS_clone, [u32::try_from(namespace).unwrap() + 17, 0, 0, 0, 0, 0], ERRNO + 1);
        }
        for family in [1, 2, 10, 16] {
            check(libc::SYS_socket, [family, 0, 0, 0, 0, 0], ALLOW);
        }
        for family in [17, 38, 40, 44] {
            check(libc::SYS_socket, [family, 0, 0, 0, 0, 0], ERRNO + 97);
        }
        check(libc::SYS_ioctl, [0, TIOCSTI, 0, 0, 0, 0], ERRNO + 1);
        check(libc::SYS_ioctl, [0, 0x5401, 0, 0, 0, 0], ALLOW);
        check(libc::SYS_personality, [0xFFFF_FFFF, 0, 0, 0, 0, 0], ALLOW);
        check(libc::SYS_personality, [0x0040_0000, 0, 0, 0, 0, 0], ERRNO + 1);
    }

    #[test]
    fn foreign_architectures_and_x32_are_refused() {
        assert_eq!(run(&filter(false), 0x4000_0003, 1, [0; 6]), KILL_PROCESS);
        assert_eq!(run(&filter(false), ARCHITECTURE, X32_BIT | 1, [0; 6]), ERRNO + 38);
    }
}
