//! A mail server for tests: it speaks enough SMTP (RFC 5321) to take a message, keeps it, and fails on demand.
//!
//! Invariants: what it said 250 to is kept, and only [`MailFault::LoseAnswer`] keeps a message that it never acknowledged. One
//! fault is used up by one transaction, in the order in which they were given.

use std::collections::VecDeque;
use std::io::{self, BufRead, BufReader, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Mutex, MutexGuard};
use std::thread::{self, JoinHandle};
use std::time::Duration;

/// What goes wrong with the next connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MailFault {
    /// The connection is closed before the greeting.
    HangUp,
    /// The server greets with 421: it is too busy.
    Busy,
    /// Every recipient is answered with this code.
    Recipient(u16),
    /// The sender is answered with this code.
    Sender(u16),
    /// The connection is closed instead of the answer to `DATA`.
    LoseData,
    /// The text arrives, is not kept, and is answered with this code.
    Text(u16),
    /// The text arrives and is kept, and the connection is closed before the answer.
    LoseAnswer,
    /// The connection is closed in the middle of the text: nothing is kept.
    CutText,
}

/// A message that was accepted (or whose answer was lost on demand).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Received {
    pub from: String,
    pub to: Vec<String>,
    /// Headers and text as they came, line ends kept, dots unstuffed.
    pub data: String,
}

impl Received {
    /// The header's value with folded lines joined.
    pub fn header(&self, name: &str) -> Option<String> {
        let head = self.data.split("\r\n\r\n").next()?;
        let head = head.replace("\r\n ", " ").replace("\r\n\t", " ");
        head.split("\r\n")
            .filter_map(|line| line.split_once(':'))
            .find(|(key, _)| key.eq_ignore_ascii_case(name))
            .map(|(_, value)| value.trim().to_owned())
    }
}

#[derive(Default)]
struct State {
    messages: Vec<Received>,
    faults: VecDeque<MailFault>,
    connections: usize,
    sign_ins: usize,
    login: Option<(String, String)>,
    closed: bool,
}

/// The server; it stops when it is dropped.
pub struct MailSink {
    address: SocketAddr,
    state: Arc<Mutex<State>>,
    thread: Option<JoinHandle<()>>,
}

impl MailSink {
    /// A server on a free port of 127.0.0.1.
    pub fn start() -> io::Result<Self> {
        let listener = TcpListener::bind(("127.0.0.1", 0))?;
        let address = listener.local_addr()?;
        let state = Arc::new(Mutex::new(State::default()));
        let shared = state.clone();
        let thread = thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                if lock(&shared).closed {
                    return;
                }
                let shared = shared.clone();
                thread::spawn(move || serve(stream, &shared));
            }
        });
        Ok(Self {
            address,
            state,
            thread: Some(thread),
        })
    }

    /// `smtp://127.0.0.1:PORT`
    pub fn url(&self) -> String {
        format!("smtp://{}", self.address)
    }

    /// What it has kept, oldest first.
    pub fn messages(&self) -> Vec<Received> {
        lock(&self.state).messages.clone()
    }

    /// How many connections were made.
    pub fn connections(&self) -> usize {
        lock(&self.state).connections
    }

    /// How often somebody tried to sign in.
    pub fn sign_ins(&self) -> usize {
        lock(&self.state).sign_ins
    }

    /// The next connections go wrong like this, one after the other.
    pub fn fail(&self, faults: impl IntoIterator<Item = MailFault>) {
        lock(&self.state).faults.extend(faults);
    }

    /// From now on only this user may send.
    pub fn require_login(&self, user: &str, password: &str) {
        lock(&self.state).login = Some((user.to_owned(), password.to_owned()));
    }
}

impl Drop for MailSink {
    fn drop(&mut self) {
        lock(&self.state).closed = true;
        // Wakes the listener, which then sees that it is closed.
        let woken = TcpStream::connect_timeout(&self.address, Duration::from_secs(5));
        if let (Ok(_), Some(thread)) = (woken, self.thread.take()) {
            let _ = thread.join();
        }
    }
}

fn lock(state: &Mutex<State>) -> MutexGuard<'_, State> {
    // A test that panicked elsewhere leaves the state readable.
    state
        .lock()
        .unwrap_or_else(std::sync::PoisonError::into_inner)
}

fn serve(stream: TcpStream, state: &Mutex<State>) {
    let (fault, login) = {
        let mut state = lock(state);
        state.connections += 1;
        (state.faults.pop_front(), state.login.clone())
    };
    let session = Session {
        fault,
        login,
        signed_in: false,
        from: String::new(),
        to: Vec::new(),
    };
    // The client went away: nothing is left to say.
    let _ = session.run(stream, state);
}

struct Session {
    fault: Option<MailFault>,
    login: Option<(String, String)>,
    signed_in: bool,
    from: String,
    to: Vec<String>,
}

/// What the session does after a line.
enum Then {
    Say(String),
    Text,
    HangUp,
    Quit,
}

impl Session {
    fn run(mut self, mut stream: TcpStream, state: &Mutex<State>) -> io::Result<()> {
        match self.fault {
            Some(MailFault::HangUp) => return Ok(()),
            Some(MailFault::Busy) => return say(&mut stream, "421 too busy, come back later"),
            _ => say(&mut stream, "220 sink.test ESMTP")?,
        }
        let mut reader = BufReader::new(stream.try_clone()?);
        let mut line = String::new();
        loop {
            line.clear();
            if reader.read_line(&mut line)? == 0 {
                return Ok(());
            }
            let line = line.trim_end_matches(['\r', '\n']);
            lock(state).sign_ins += usize::from(line.starts_with("AUTH"));
            match self.answer(line) {
                Then::Say(text) => say(&mut stream, &text)?,
                Then::HangUp => return Ok(()),
                Then::Quit => return say(&mut stream, "221 bye"),
                Then::Text => {
                    say(&mut stream, "354 go on, end with a dot")?;
                    if self.fault == Some(MailFault::CutText) {
                        return Ok(());
                    }
                    let data = read_text(&mut reader)?;
                    let keep = Received {
                        from: self.from.clone(),
                        to: std::mem::take(&mut self.to),
                        data,
                    };
                    match self.fault.take() {
                        Some(MailFault::Text(code)) => {
                            say(&mut stream, &format!("{code} not taken"))?;
                        }
                        Some(MailFault::LoseAnswer) => {
                            lock(state).messages.push(keep);
                            return Ok(());
                        }
                        _ => {
                            lock(state).messages.push(keep);
                            say(&mut stream, "250 kept")?;
                        }
                    }
                }
            }
        }
    }

    fn answer(&mut self, line: &str) -> Then {
        let word = line
            .split([' ', ':'])
            .next()
            .unwrap_or_default()
            .to_ascii_uppercase();
        let fine = || Then::Say("250 ok".to_owned());
        match (word.as_str(), self.fault) {
            ("EHLO", _) => Then::Say("250-sink.test\r\n250-8BITMIME\r\n250 AUTH PLAIN".to_owned()),
            ("HELO" | "NOOP" | "RSET", _) => fine(),
            ("QUIT", _) => Then::Quit,
            ("AUTH", _) => Then::Say(self.sign_in(line).to_owned()),
            ("MAIL" | "RCPT" | "DATA", _) if self.login.is_some() && !self.signed_in => {
                Then::Say("530 sign in first".to_owned())
            }
            ("MAIL", Some(MailFault::Sender(code)))
            | ("RCPT", Some(MailFault::Recipient(code))) => {
                Then::Say(format!("{code} refused on demand"))
            }
            ("MAIL", _) => {
                self.from = address(line);
                fine()
            }
            ("RCPT", _) => {
                self.to.push(address(line));
                fine()
            }
            ("DATA", Some(MailFault::LoseData)) => Then::HangUp,
            ("DATA", _) if self.to.is_empty() => Then::Say("503 no recipient".to_owned()),
            ("DATA", _) => Then::Text,
            _ => Then::Say("500 what?".to_owned()),
        }
    }

    fn sign_in(&mut self, line: &str) -> &'static str {
        use base64::Engine as _;
        let Some((user, password)) = &self.login else {
            return "503 no need to sign in";
        };
        let expected = format!("\0{user}\0{password}");
        let given = line
            .strip_prefix("AUTH PLAIN ")
            .map(str::trim)
            .unwrap_or_default();
        let given = base64::engine::general_purpose::STANDARD
            .decode(given)
            .unwrap_or_default();
        self.signed_in = given == expected.as_bytes();
        if self.signed_in {
            "235 welcome"
        } else {
            "535 wrong user or password"
        }
    }
}

fn say(stream: &mut TcpStream, text: &str) -> io::Result<()> {
    stream.write_all(format!("{text}\r\n").as_bytes())
}

/// The address between `<` and `>`.
fn address(line: &str) -> String {
    let from = line.find('<').map_or(0, |at| at + 1);
    let to = line.find('>').unwrap_or(line.len());
    line.get(from..to).unwrap_or_default().to_owned()
}

/// Lines up to the one that is a dot alone.
fn read_text(reader: &mut impl BufRead) -> io::Result<String> {
    let mut text = Vec::new();
    loop {
        let start = text.len();
        if reader.read_until(b'\n', &mut text)? == 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        match &text[start..] {
            b".\r\n" => {
                text.truncate(start);
                return Ok(String::from_utf8_lossy(&text).into_owned());
            }
            [b'.', ..] => {
                text.remove(start);
            }
            _ => {}
        }
    }
}
