//! Ctrl-C and SIGTERM: noticed here and acted upon by whoever waits, so that what was started is
//! ended and temporary folders are removed.

use std::process::{Child, Command, ExitStatus, Output, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, LazyLock};
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};

use crate::failure::Failure;

static ASKED: LazyLock<Arc<AtomicBool>> = LazyLock::new(Arc::default);

const LOOK: Duration = Duration::from_millis(20);
/// What is asked to end gets this long before it is killed.
const PATIENCE: Duration = Duration::from_secs(15);

/// Begins to notice.
pub(crate) fn listen() -> Result<(), Failure> {
    for signal in [signal_hook::consts::SIGINT, signal_hook::consts::SIGTERM] {
        signal_hook::flag::register(signal, Arc::clone(&ASKED))
            .map_err(|error| Failure::io("cannot listen for Ctrl-C", &error))?;
    }
    Ok(())
}

/// Fails once somebody asked to stop.
pub(crate) fn check() -> Result<(), Failure> {
    if ASKED.load(Ordering::Relaxed) {
        return Err(Failure::Interrupted);
    }
    Ok(())
}

/// Runs a command to its end, or ends it when somebody asks to stop.
pub(crate) fn status(command: &mut Command) -> Result<ExitStatus, Failure> {
    let mut child = Running(spawn(command)?);
    child.wait()
}

/// As [`status`], with what the command printed on standard output and standard error.
pub(crate) fn output(command: &mut Command) -> Result<Output, Failure> {
    command
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    let mut child = Running(spawn(command)?);
    let stdout = child.0.stdout.take().map(read_all);
    let stderr = child.0.stderr.take().map(read_all);
    let status = child.wait()?;
    let join = |reader: Option<std::thread::JoinHandle<Vec<u8>>>| {
        reader
            .and_then(|reader| reader.join().ok())
            .unwrap_or_default()
    };
    Ok(Output {
        status,
        stdout: join(stdout),
        stderr: join(stderr),
    })
}

fn read_all(mut pipe: impl std::io::Read + Send + 'static) -> std::thread::JoinHandle<Vec<u8>> {
    std::thread::spawn(move || {
        let mut bytes = Vec::new();
        // What came before an error is still worth showing.
        let _ = pipe.read_to_end(&mut bytes);
        bytes
    })
}

/// Starts a command.
pub(crate) fn spawn(command: &mut Command) -> Result<Child, Failure> {
    command.spawn().map_err(|error| {
        let program = command.get_program().to_string_lossy().into_owned();
        Failure::new(
            format!("cannot run {program}: {error}"),
            format!("check that {program} is installed and on PATH"),
        )
    })
}

/// A process that ends with its owner.
pub(crate) struct Running(pub(crate) Child);

impl Running {
    /// Waits for its end.
    pub(crate) fn wait(&mut self) -> Result<ExitStatus, Failure> {
        loop {
            let ended = self
                .0
                .try_wait()
                .map_err(|error| Failure::io("cannot wait for a process", &error))?;
            if let Some(status) = ended {
                // A child that Ctrl-C ended, too, did not fail.
                check()?;
                return Ok(status);
            }
            check()?;
            std::thread::sleep(LOOK);
        }
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let running = |child: &mut Child| matches!(child.try_wait(), Ok(None));
        if !running(&mut self.0) {
            return;
        }
        terminate(self.0.id());
        let end = Instant::now() + PATIENCE;
        while running(&mut self.0) {
            if Instant::now() > end {
                // Fails only if it has ended just now.
                let _ = self.0.kill();
                let _ = self.0.wait();
                return;
            }
            std::thread::sleep(LOOK);
        }
    }
}

/// Asks a process to end.
pub(crate) fn terminate(id: u32) {
    signal(id, Signal::TERM);
}

/// Ends a process.
pub(crate) fn kill(id: u32) {
    signal(id, Signal::KILL);
}

fn signal(id: u32, signal: Signal) {
    if let Some(pid) = i32::try_from(id).ok().and_then(Pid::from_raw) {
        // Fails only if it has ended by itself.
        let _ = kill_process(pid, signal);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_started_ends_with_its_owner() {
        let running = Running(spawn(Command::new("sleep").arg("60")).unwrap());
        let id = running.0.id();
        drop(running);
        assert!(!std::path::Path::new(&format!("/proc/{id}/stat")).exists());
    }

    #[test]
    fn both_outputs_are_read() {
        let output = output(Command::new("sh").args(["-c", "echo a; echo b >&2; exit 3"])).unwrap();
        assert_eq!(
            (output.stdout, output.stderr),
            (b"a\n".to_vec(), b"b\n".to_vec())
        );
        assert_eq!(output.status.code(), Some(3));
    }
}
