//! `vnfsd top` on a terminal that script(1) makes: what it shows, and how it leaves the terminal.

use crate::process::{complaint, text, vnfsd};
use control::made_up::MadeUp;
use control::{Doors, Patience, Server, Socket};
use rustix::process::{Pid, Signal, kill_process};
use std::fs;
use std::io::{Read, Write};
use std::num::NonZero;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::sync::mpsc::{Receiver, channel};
use std::thread;
use std::time::{Duration, Instant};
use tempfile::TempDir;
use vt100::Parser;

const LINES: NonZero<u16> = NonZero::new(24).expect("some");
const COLUMNS: NonZero<u16> = NonZero::new(80).expect("some");

/// How long a test waits for what must come.
const AT_MOST: Duration = Duration::from_secs(60);

/// A process that pretends to have services.
struct Pretended {
    path: PathBuf,
    server: Option<Server>,
    _folder: TempDir,
}

impl Pretended {
    fn new() -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("control.sock");
        let mut pretended = Self { path, server: None, _folder: folder };
        pretended.begin();
        pretended
    }

    fn begin(&mut self) {
        let control = Some(Socket::bind(&self.path).expect("a socket"));
        let doors = Doors { control, reading: None };
        let operator = Arc::new(MadeUp::new(10_000));
        self.server = Some(Server::spawn(doors, operator, Patience::default()).expect("a server"));
    }

    /// The number of the program that a screen was started with.
    fn watcher(&self) -> Pid {
        let text = fs::read_to_string(self.path.with_added_extension("pid")).expect("a file");
        text.trim().parse().ok().and_then(Pid::from_raw).expect("a number")
    }

    fn path(&self) -> &str {
        self.path.to_str().expect("a path of plain characters")
    }
}

/// The program on a terminal of 80 columns and 24 lines.
struct Screen {
    script: Child,
    output: Receiver<Vec<u8>>,
    terminal: Parser,
}

impl Screen {
    fn start(control: &Path) -> Self {
        let program = vnfsd([]).get_program().to_owned();
        let inner = "stty rows 24 cols 80; \
            sh -c 'echo $$ > \"$CONTROL.pid\"; exec \"$VNFSD\" top --control \"$CONTROL\" --interval 1'; \
            echo code=$?.; stty -a; echo over";
        let mut command = Command::new("script");
        command.args(["--quiet", "--flush", "--return", "--command", inner, "/dev/null"]);
        command.env("VNFSD", program).env("CONTROL", control).env("TERM", "xterm");
        command.env("SHELL", "/bin/sh").stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut script = command.spawn().expect("script(1) is there");
        let mut pipe = script.stdout.take().expect("a pipe");
        let (sender, output) = channel();
        thread::spawn(move || {
            let mut bytes = [0; 4096];
            while let Ok(count @ 1..) = pipe.read(&mut bytes) {
                if sender.send(bytes[..count].to_vec()).is_err() {
                    return;
                }
            }
        });
        Self { script, output, terminal: Parser::new(LINES, COLUMNS, 0) }
    }

    fn press(&mut self, keys: &str) {
        let input = self.script.stdin.as_mut().expect("a pipe");
        input.write_all(keys.as_bytes()).expect("the terminal is there");
    }

    /// Waits until the screen shows this; returns the screen.
    fn wait_for(&mut self, text: &str) -> String {
        let begin = Instant::now();
        loop {
            let shown = self.terminal.screen().contents();
            if shown.contains(text) {
                return shown;
            }
            let left = AT_MOST.saturating_sub(begin.elapsed());
            let bytes = self.output.recv_timeout(left);
            self.terminal.process(&bytes.unwrap_or_else(|_| panic!("never {text:?} in:\n{shown}")));
        }
    }

    /// The program has ended with this code, and the terminal is as it was.
    fn assert_left(mut self, code: &str) {
        let settings = self.wait_for("\nover");
        let screen = self.terminal.screen();
        assert!(!screen.alternate_screen() && !screen.hide_cursor(), "{settings}");
        assert!(settings.contains(&format!("code={code}.")), "{settings}");
        let words: Vec<&str> = settings.split([' ', ';', '\n']).collect();
        for word in ["icanon", "echo", "isig", "opost"] {
            assert!(words.contains(&word), "{word}: {settings}");
        }
    }
}

impl Drop for Screen {
    fn drop(&mut self) {
        // It may have ended; it must not outlive the test.
        let _ = self.script.kill();
        let _ = self.script.wait();
    }
}

#[test]
fn keys_move_look_into_a_service_and_end() {
    let pretended = Pretended::new();
    let mut screen = Screen::start(&pretended.path);
    screen.wait_for("s00099");
    screen.press("n");
    screen.wait_for("s00001");
    screen.press("/s0999");
    screen.wait_for("s09999");
    screen.press("\r\r");
    screen.wait_for("/srv/s09990.img");
    screen.press("\x1b[B\x1b[Bq");
    screen.assert_left("0");
}

#[test]
fn a_signal_leaves_the_terminal_in_order() {
    let pretended = Pretended::new();
    let mut screen = Screen::start(&pretended.path);
    screen.wait_for("s00099");
    let pid = pretended.watcher();
    kill_process(pid, Signal::TERM).expect("it runs");
    screen.assert_left("143");
}

#[test]
fn without_its_terminal_it_ends() {
    let pretended = Pretended::new();
    let mut screen = Screen::start(&pretended.path);
    screen.wait_for("s00099");
    let pid = pretended.watcher();
    drop(screen);
    let begin = Instant::now();
    // What has ended has no program, whether somebody was told of its end or not.
    let program = format!("/proc/{}/exe", pid.as_raw_nonzero());
    while fs::read_link(&program).is_ok() {
        assert!(begin.elapsed() < AT_MOST, "it runs on without a terminal");
        thread::sleep(Duration::from_millis(20));
    }
}

#[test]
fn a_process_that_ends_and_comes_back_is_found_again() {
    let mut pretended = Pretended::new();
    let mut screen = Screen::start(&pretended.path);
    screen.wait_for("s00099");
    pretended.server = None;
    screen.wait_for("control.sock: ");
    pretended.begin();
    screen.wait_for("filter");
    screen.press("\x03");
    screen.assert_left("0");
}

#[test]
fn one_table_needs_no_terminal() {
    let pretended = Pretended::new();
    let table = text(["top", "--once", "--control", pretended.path()]);
    assert!(table.starts_with("vnfsd ") && table.contains("10000 services: "), "{table}");
    assert!(table.contains("s00099") && table.ends_with("and 9900 more\n"), "{table}");
    let said = complaint(1, ["top", "--control", pretended.path()]);
    assert!(said.contains("--once"), "{said}");
    let said = complaint(4, ["top", "--once", "--control", "/nonexistent/control.sock"]);
    assert!(said.contains("/nonexistent/control.sock"), "{said}");
}
