//! A message by mail (RFC 5321), sent at most once.
//!
//! Invariants: a message that was refused before its text left was certainly not sent; once the text is on its way, a lost
//! answer is `Unknown` and never a reason to send it again. The whole message comes from the item: its Message-ID is the same
//! on every try, so that a reader's mail program can recognise a double. One refused recipient refuses the message for all.
//! Nothing in an item can add a header line. Away from loopback nothing is sent without TLS, least of all a password.
//!
//! Must not: look into a mailbox, retry, or keep a connection open between calls.

use crate::Context;
use crate::http::is_loopback;
use lettre::address::Envelope;
use lettre::message::{Mailbox, Message, SinglePart};
use lettre::transport::smtp::Error as SmtpError;
use lettre::transport::smtp::authentication::{Credentials, Mechanism};
use lettre::transport::smtp::client::{SmtpConnection, TlsParameters};
use lettre::transport::smtp::commands::{Data, Mail as MailFrom, Rcpt};
use lettre::transport::smtp::extension::{ClientId, Extension, MailBodyParameter, MailParameter};
use lettre::transport::smtp::response::Severity;
use serde::{Deserialize, Serialize};
use shipway_core::secret::{SecretName, Secrets};
use shipway_core::target::{
    Again, Capability, Credential, Failure, Item, Presence, Receipt, Reversal, Survey, Target,
    TargetSpec,
};
use shipway_core::time::Millis;
use std::sync::Arc;
use std::time::Duration;
use ureq::http::Uri;

/// No answer to one command for this long is a lost answer (RFC 5321 section 4.5.3.2 asks for minutes, not seconds).
const SILENCE: Duration = Duration::from_mins(5);

pub(crate) const CAPABILITY: Capability = Capability {
    kind: "mail",
    reversal: Reversal::Nothing,
    again: Again::Never,
    settle: Millis(0),
    pace: None,
    compares: "nothing: a mail that was sent cannot be looked at",
    overwrites: false,
};

/// The body of an item: one message.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct MailBody {
    /// `Name <address>` or an address alone.
    pub from: String,
    pub to: Vec<String>,
    /// One line.
    pub subject: String,
    /// Plain text; every kind of line end is sent as CRLF.
    pub text: String,
    /// `<unique@domain>`. Left out: made from the item's digest and the sender's domain.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub message_id: Option<String>,
}

/// How the way to the server is protected.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Protection {
    /// Not at all: loopback only.
    None,
    /// `STARTTLS` before anything else (RFC 3207); a server without it is refused.
    StartTls,
    /// TLS from the first byte (RFC 8314).
    Implicit,
}

/// Where the server is, read from `smtp://host[:port]` or `smtps://host[:port]`.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Server {
    host: String,
    port: u16,
    protection: Protection,
}

struct Mail {
    server: Server,
    /// Whoever signs in; left out, the sender's address does.
    username: Option<String>,
    password: Option<SecretName>,
    secrets: Arc<dyn Secrets>,
}

/// The target for `smtp://` and `smtps://` places. Settings: `username`, for servers that sign in somebody
/// else than the sender.
pub(crate) fn open(spec: &TargetSpec, context: &Context) -> Result<Box<dyn Target>, Failure> {
    let mut username = None;
    for (key, value) in &spec.settings {
        match (key.as_str(), value.as_str()) {
            ("username", Some(name)) => username = Some(name.to_owned()),
            ("username", None) => {
                return Err(Failure::permanent(
                    "the setting \"username\" of a mail target is no text",
                ));
            }
            _ => {
                return Err(Failure::permanent(format!(
                    "a mail target has no setting {key:?}"
                )));
            }
        }
    }
    if username.is_some() && spec.secret.is_none() {
        return Err(
            Failure::permanent("a mail target has a username but no secret")
                .hinted("name the secret that holds the password, or leave the username out"),
        );
    }
    Ok(Box::new(Mail {
        server: Server::parse(&spec.place)?,
        username,
        password: spec.secret.clone(),
        secrets: context.secrets.clone(),
    }))
}

impl Server {
    fn parse(place: &str) -> Result<Self, Failure> {
        let bad = |why: &str| {
            Failure::permanent(format!("the place of a mail target {why}"))
                .hinted("write smtp://host, smtp://host:port or smtps://host")
        };
        let uri: Uri = place.parse().map_err(|_| bad("is no URL"))?;
        let host = uri.host().ok_or_else(|| bad("names no host"))?;
        let host = host
            .trim_start_matches('[')
            .trim_end_matches(']')
            .to_owned();
        if uri
            .authority()
            .is_some_and(|authority| authority.as_str().contains('@'))
        {
            return Err(bad("holds a user name; name the secret instead"));
        }
        if uri.path().len() > 1 || uri.query().is_some() {
            return Err(bad("has a path"));
        }
        let (protection, standard) = match uri.scheme_str() {
            Some("smtps") => (Protection::Implicit, 465),
            Some("smtp") if is_loopback(&host) => (Protection::None, 25),
            Some("smtp") => (Protection::StartTls, 587),
            _ => return Err(bad("is neither smtp:// nor smtps://")),
        };
        Ok(Self {
            host,
            port: uri.port_u16().unwrap_or(standard),
            protection,
        })
    }
}

impl Target for Mail {
    fn observe(&self, item: &Item) -> Result<Presence, Failure> {
        message(item)?;
        Ok(Presence::Unknown {
            why: "a mail cannot be looked at once it is sent".to_owned(),
        })
    }

    fn publish(&self, item: &Item) -> Result<Receipt, Failure> {
        let (message, id) = message(item)?;
        let mut connection = self.connect(&sender(message.envelope()))?;
        let text = message.formatted();
        // The end mark of SMTP brings its own line end.
        let text = text.strip_suffix(b"\r\n").unwrap_or(&text);
        let result = deliver(&mut connection, message.envelope(), text);
        // The outcome is known by now; how the connection ends changes nothing about it.
        connection.abort();
        result.map(|()| Receipt { id, url: None })
    }

    fn retract(&self, _: &Item, _: &Receipt) -> Result<(), Failure> {
        Err(Failure::permanent("a mail cannot be taken back"))
    }

    fn survey(&self, items: &[Item]) -> Result<Survey, Failure> {
        let mut senders = Vec::new();
        for item in items {
            senders.push(sender(message(item)?.0.envelope()));
        }
        let user = self.username.clone().or_else(|| senders.pop());
        let credential = match (&self.password, &user) {
            (None, _) => Credential::NotNeeded,
            (Some(_), Some(_)) => Credential::Accepted,
            (Some(_), None) => return Ok(Survey::default()),
        };
        self.connect(&user.unwrap_or_default())?.abort();
        Ok(Survey {
            credential,
            ..Survey::default()
        })
    }
}

impl Mail {
    /// A connection that is greeted, protected and signed in: nothing was sent yet, so every failure here is certain.
    fn connect(&self, sender: &str) -> Result<SmtpConnection, Failure> {
        let Server {
            host,
            port,
            protection,
        } = &self.server;
        let tls = match protection {
            Protection::None => None,
            _ => Some(TlsParameters::new(host.clone()).map_err(|error| {
                Failure::permanent(format!("no TLS to {host}: {}", told(&error)))
            })?),
        };
        let name = ClientId::default();
        let wrapper = tls.as_ref().filter(|_| *protection == Protection::Implicit);
        let address = (host.as_str(), *port);
        let mut connection = SmtpConnection::connect(address, Some(SILENCE), &name, wrapper, None)
            .map_err(|error| before_data(&error, &format!("{host}:{port}")))?;
        if let (Protection::StartTls, Some(tls)) = (protection, &tls) {
            if !connection.can_starttls() {
                connection.abort();
                return Err(Failure::permanent(format!("{host}:{port} offers no TLS"))
                    .hinted("use smtps://, or a server on this machine"));
            }
            connection
                .starttls(tls, &name)
                .map_err(|error| before_data(&error, "STARTTLS"))?;
        }
        if let Some(secret) = &self.password {
            let user = self.username.as_deref().unwrap_or(sender);
            let password = match self.secrets.resolve(secret) {
                Ok(password) => password,
                Err(failure) => {
                    connection.abort();
                    return Err(failure);
                }
            };
            let credentials = Credentials::new(user.to_owned(), password.expose().to_owned());
            let tried = connection.auth(&[Mechanism::Plain, Mechanism::Login], &credentials);
            if let Err(error) = tried {
                connection.abort();
                return Err(refused_sign_in(&error, user));
            }
        }
        Ok(connection)
    }
}

/// One transaction. Everything up to the answer to `DATA` is certain; from the first byte of the text on, only an answer is.
fn deliver(
    connection: &mut SmtpConnection,
    envelope: &Envelope,
    text: &[u8],
) -> Result<(), Failure> {
    let mut parameters = Vec::new();
    let can = |connection: &SmtpConnection, what| connection.server_info().supports_feature(what);
    if envelope
        .to()
        .iter()
        .chain(envelope.from())
        .any(|address| !address.to_string().is_ascii())
    {
        if !can(connection, Extension::SmtpUtfEight) {
            return Err(Failure::permanent(
                "the server takes no addresses beyond ASCII",
            ));
        }
        parameters.push(MailParameter::SmtpUtfEight);
    }
    if !text.is_ascii() {
        if !can(connection, Extension::EightBitMime) {
            return Err(Failure::permanent("the server takes no text beyond ASCII"));
        }
        parameters.push(MailParameter::Body(MailBodyParameter::EightBitMime));
    }
    connection
        .command(MailFrom::new(envelope.from().cloned(), parameters))
        .map_err(|error| before_data(&error, "the sender"))?;
    for address in envelope.to() {
        connection
            .command(Rcpt::new(address.clone(), Vec::new()))
            .map_err(|error| before_data(&error, &format!("the recipient {address}")))?;
    }
    connection
        .command(Data)
        .map_err(|error| before_data(&error, "the message"))?;
    match connection.message(text) {
        Ok(_) => Ok(()),
        Err(error) => Err(match error.status() {
            Some(_) => before_data(&error, "the message"),
            None => Failure::unknown("the answer to the message was lost: it may have been sent")
                .hinted("look whether it arrived before you send it again"),
        }),
    }
}

/// The address that the message comes from.
fn sender(envelope: &Envelope) -> String {
    envelope.from().map(ToString::to_string).unwrap_or_default()
}

/// The message of an item, checked, with its id.
fn message(item: &Item) -> Result<(Message, String), Failure> {
    let body: MailBody = serde_json::from_value(item.body.clone())
        .map_err(|error| Failure::permanent(format!("the item is no mail: {error}")))?;
    let lines = [("subject", &body.subject), ("sender", &body.from)];
    let lines = lines
        .into_iter()
        .chain(body.to.iter().map(|to| ("recipient", to)));
    for (what, text) in lines {
        if text.chars().any(char::is_control) {
            return Err(Failure::permanent(format!(
                "the {what} {text:?} holds a control character"
            )));
        }
    }
    let from = mailbox(&body.from)?;
    let id = match &body.message_id {
        Some(id) => id.clone(),
        None => format!("<{}@{}>", &item.digest.as_str()[..32], from.email.domain()),
    };
    if !is_message_id(&id) {
        return Err(Failure::permanent(format!("{id:?} is no Message-ID"))
            .hinted("write it as <unique@domain>"));
    }
    let mut builder = Message::builder()
        .from(from)
        .subject(&body.subject)
        .message_id(Some(id.clone()));
    for to in &body.to {
        builder = builder.to(mailbox(to)?);
    }
    // A lone CR or LF in front of a dot could end the message early at some servers: only CRLF leaves.
    let text = body.text.replace("\r\n", "\n").replace('\r', "\n");
    let message = builder
        .singlepart(SinglePart::plain(text))
        .map_err(|error| Failure::permanent(format!("the item is no mail: {error}")))?;
    Ok((message, id))
}

fn mailbox(text: &str) -> Result<Mailbox, Failure> {
    text.parse()
        .map_err(|_| Failure::permanent(format!("{text:?} is no mail address")))
}

/// `<left@right>` of printable ASCII (RFC 5322 section 3.6.4, without its rarities).
fn is_message_id(id: &str) -> bool {
    let plain = |text: &str| {
        !text.is_empty()
            && text
                .bytes()
                .all(|b| b.is_ascii_graphic() && !b"<>@\"\\,;:()[]".contains(&b))
    };
    id.strip_prefix('<')
        .and_then(|id| id.strip_suffix('>'))
        .and_then(|id| id.split_once('@'))
        .is_some_and(|(left, right)| id.len() <= 200 && plain(left) && plain(right))
}

/// A failure while certainly nothing was sent.
fn before_data(error: &SmtpError, what: &str) -> Failure {
    match error.status().map(|code| (code.severity, code.to_string())) {
        Some((_, code)) if code == "530" || code == "535" => Failure::denied(format!(
            "the mail server asks for credentials: {}",
            told(error)
        ))
        .hinted("set the username and the secret of this target"),
        Some((Severity::PermanentNegativeCompletion, _)) => {
            Failure::permanent(format!("the mail server refused {what}: {}", told(error)))
        }
        _ => Failure::transient(format!("no mail was sent ({what}): {}", told(error))),
    }
}

/// Why signing in failed; a server that only asks to come back later is believed.
fn refused_sign_in(error: &SmtpError, user: &str) -> Failure {
    match error.status().map(|code| code.severity) {
        Some(Severity::TransientNegativeCompletion) => before_data(error, "signing in"),
        None if !error.is_client() => before_data(error, "signing in"),
        _ => Failure::denied(format!("the mail server refused to sign in {user:?}"))
            .hinted("check the username and the password"),
    }
}

/// The error and its causes in one line, with nothing that could move a terminal's cursor.
fn told(error: &SmtpError) -> String {
    error
        .to_string()
        .chars()
        .map(|c| if c.is_control() { ' ' } else { c })
        .take(300)
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;
    use shipway_core::target::FailureKind;

    fn item(change: impl FnOnce(&mut MailBody)) -> Item {
        let mut body = MailBody {
            from: "Release <release@example.org>".to_owned(),
            to: vec!["list@example.org".to_owned()],
            subject: "driver 1.1.0".to_owned(),
            text: "out\n".to_owned(),
            message_id: None,
        };
        change(&mut body);
        Item::of_body("announcement", json!(body))
    }

    #[test]
    fn away_from_loopback_nothing_goes_without_tls() {
        let table = [
            ("smtp://127.0.0.1:2525", Protection::None, 2525),
            ("smtp://[::1]", Protection::None, 25),
            ("smtp://localhost", Protection::None, 25),
            ("smtp://mail.example.org", Protection::StartTls, 587),
            ("smtp://127.0.0.1.example.org:25", Protection::StartTls, 25),
            ("smtp://10.0.0.1", Protection::StartTls, 587),
            ("smtps://mail.example.org", Protection::Implicit, 465),
        ];
        for (place, protection, port) in table {
            let server = Server::parse(place).unwrap();
            assert_eq!(
                (server.protection, server.port),
                (protection, port),
                "{place}"
            );
        }
    }

    #[test]
    fn places_that_are_no_mail_server_are_refused() {
        for place in [
            "",
            "mail.example.org",
            "http://mail.example.org",
            "smtp://",
            "smtp://a:b@c",
            "smtp://c/x",
        ] {
            assert_eq!(
                Server::parse(place).unwrap_err().kind,
                FailureKind::Permanent,
                "{place}"
            );
        }
    }

    #[test]
    fn the_message_id_comes_from_the_item_and_stays() {
        let one = item(|_| ());
        let id = message(&one).unwrap().1;
        assert_eq!(id, format!("<{}@example.org>", &one.digest.as_str()[..32]));
        assert_eq!(message(&one).unwrap().1, id);
        let other = item(|body| body.subject.push('!'));
        assert_ne!(message(&other).unwrap().1, id);
        let given = item(|body| body.message_id = Some("<1.1.0@example.org>".to_owned()));
        assert_eq!(message(&given).unwrap().1, "<1.1.0@example.org>");
    }

    #[test]
    fn no_field_can_add_a_header() {
        let evil = "x\r\nBcc: all@example.org";
        let changes: [fn(&mut MailBody, &str); 5] = [
            |body, evil| evil.clone_into(&mut body.subject),
            |body, evil| body.from = format!("{evil} <release@example.org>"),
            |body, evil| body.to.push(format!("{evil} <list@example.org>")),
            |body, evil| body.to.push(format!("list@example.org{evil}")),
            |body, evil| body.message_id = Some(format!("<{evil}@example.org>")),
        ];
        for evil in [
            evil,
            "x\nBcc: all@example.org",
            "x\rBcc: all@example.org",
            "x\0",
        ] {
            for (number, change) in changes.iter().enumerate() {
                let failure = message(&item(|body| change(body, evil))).unwrap_err();
                assert_eq!(failure.kind, FailureKind::Permanent, "{number} {evil:?}");
            }
        }
    }

    #[test]
    fn only_whole_line_ends_leave() {
        let sent = message(&item(|body| {
            "a\n.\nb\r.\rc\r\n.\r\nd".clone_into(&mut body.text);
        }))
        .unwrap()
        .0;
        let sent = String::from_utf8(sent.formatted()).unwrap();
        assert!(
            sent.ends_with("a\r\n.\r\nb\r\n.\r\nc\r\n.\r\nd\r\n"),
            "{sent:?}"
        );
        let without = sent.replace("\r\n", "");
        assert!(!without.contains(['\r', '\n']), "{sent:?}");
    }

    struct Password;

    impl Secrets for Password {
        fn resolve(&self, _: &SecretName) -> Result<shipway_core::secret::Secret, Failure> {
            Ok(shipway_core::secret::Secret::new("correct horse"))
        }
    }

    #[test]
    fn a_server_that_offers_no_tls_gets_neither_password_nor_mail() {
        let sink = shipway_testkit::mail::MailSink::start().unwrap();
        sink.require_login("release@example.org", "correct horse");
        let plain = Server::parse(&sink.url()).unwrap();
        let mail = |protection| Mail {
            server: Server {
                protection,
                ..plain.clone()
            },
            username: None,
            password: Some(SecretName("P".to_owned())),
            secrets: Arc::new(Password),
        };
        let failure = mail(Protection::StartTls)
            .publish(&item(|_| ()))
            .unwrap_err();
        assert_eq!(failure.kind, FailureKind::Permanent, "{failure}");
        assert_eq!((sink.messages().len(), sink.sign_ins()), (0, 0));
        mail(Protection::None).publish(&item(|_| ())).unwrap();
        assert_eq!((sink.messages().len(), sink.sign_ins()), (1, 1));
    }

    #[test]
    fn a_mail_to_nobody_is_refused() {
        assert!(message(&item(|body| body.to.clear())).is_err());
    }
}
