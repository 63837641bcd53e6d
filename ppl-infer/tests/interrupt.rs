//! Ctrl-C while a one-call function runs: what was found so far is kept; a program that runs nothing ends.
#![cfg(unix)]

use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc;
use std::time::Duration;

use ppl_core::Ctx;
use ppl_core::distributions::Normal;
use ppl_infer::{NutsSettings, nuts};

/// Says to the process that it is the one to be interrupted.
const CHILD: &str = "ARCLET_INTERRUPT_CHILD";

/// What runs in the child: a run of hours, then a rest.
#[test]
fn child() {
    if std::env::var_os(CHILD).is_none() {
        return;
    }
    let model = |ctx: &mut Ctx| ctx.sample("x", Normal::new(0.0, 1.0)).map(drop);
    println!("running");
    let posterior = nuts(model, &NutsSettings { draws: 50_000_000, warmup: 50, chains: 2, ..Default::default() });
    println!("kept {}", posterior.map_or(0, |posterior| posterior.draws()));
    std::thread::sleep(Duration::from_secs(60));
}

fn signal(name: &str, id: u32) {
    let sent = Command::new("kill").args([name, &id.to_string()]).status();
    assert!(sent.is_ok_and(|status| status.success()));
}

fn interrupt(child: &Child) {
    signal("-INT", child.id());
}

/// Kills a child that runs on, which it does where interrupts are ignored, as under `nohup`: its draws would fill the memory. Not if the sender is gone.
fn watch(child: &Child) -> mpsc::Sender<()> {
    let (ended, wait) = mpsc::channel();
    let id = child.id();
    std::thread::spawn(move || {
        if wait.recv_timeout(Duration::from_secs(20)) == Err(mpsc::RecvTimeoutError::Timeout) {
            signal("-KILL", id);
        }
    });
    ended
}

#[test]
fn the_first_interrupt_keeps_the_draws_and_one_afterwards_ends_the_program() {
    let mut child = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "child", "--nocapture"])
        .env(CHILD, "1")
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let watched = watch(&child);
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines().map_while(Result::ok);
    assert!(lines.any(|line| line == "running"));
    std::thread::sleep(Duration::from_secs(2));
    interrupt(&child);
    let kept = lines.find_map(|line| line.strip_prefix("kept ")?.parse::<usize>().ok());
    let kept = kept.expect("draws of a run that was interrupted; an interrupt that is ignored here (nohup) is none");
    assert!((1..50_000_000).contains(&kept), "{kept}");
    interrupt(&child);
    drop(watched);
    assert_eq!(child.wait().unwrap().code(), Some(130));
}
