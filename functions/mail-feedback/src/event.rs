//! What SES publishes to `EventBridge` of a mail that bounced or was complained of.

use serde::Deserialize;
use serde_json::Value;
use shared::model::{Timestamp, UndeliverableCause};
use shared::{Error, Result};

/// An event, as far as it matters here.
#[derive(Deserialize)]
struct Event {
    detail: Detail,
}

#[derive(Deserialize)]
#[serde(tag = "eventType")]
enum Detail {
    Bounce { bounce: Bounce },
    Complaint { complaint: Complaint },
}

#[derive(Deserialize)]
struct Bounce {
    #[serde(rename = "bounceType")]
    kind: String,
    #[serde(rename = "bouncedRecipients")]
    recipients: Vec<Recipient>,
    timestamp: Timestamp,
    #[serde(rename = "feedbackId")]
    id: String,
}

#[derive(Deserialize)]
struct Complaint {
    #[serde(rename = "complaintFeedbackType")]
    kind: Option<String>,
    #[serde(rename = "complainedRecipients")]
    recipients: Vec<Recipient>,
    timestamp: Timestamp,
    #[serde(rename = "feedbackId")]
    id: String,
}

#[derive(Deserialize)]
struct Recipient {
    #[serde(rename = "emailAddress")]
    address: String,
}

/// What an event says.
pub(crate) struct Feedback {
    /// SES's id of it.
    pub(crate) id: String,
    /// When the mail bounced or was complained of.
    pub(crate) at: Timestamp,
    /// Which of both.
    pub(crate) cause: UndeliverableCause,
    /// Whether nothing more is to be sent to the recipients.
    pub(crate) is_final: bool,
    /// The addresses, as SES has them.
    pub(crate) recipients: Vec<String>,
}

impl Feedback {
    /// Reads an event. The error quotes nothing of it, since it has addresses.
    pub(crate) fn parse(event: Value) -> Result<Self> {
        let event = serde_json::from_value::<Event>(event).map_err(|_| Error::Internal {
            action: "read an event of SES",
            source: "it is no bounce or complaint as SES documents them".into(),
        })?;
        Ok(match event.detail {
            Detail::Bounce { bounce } => Self {
                id: bounce.id,
                at: bounce.timestamp,
                cause: UndeliverableCause::Bounce,
                is_final: bounce.kind == "Permanent",
                recipients: addresses(bounce.recipients),
            },
            Detail::Complaint { complaint } => Self {
                id: complaint.id,
                at: complaint.timestamp,
                cause: UndeliverableCause::Complaint,
                is_final: complaint.kind.as_deref() != Some("not-spam"),
                recipients: addresses(complaint.recipients),
            },
        })
    }
}

fn addresses(recipients: Vec<Recipient>) -> Vec<String> {
    recipients.into_iter().map(|recipient| recipient.address).collect()
}
