//! What SES publishes to EventBridge of a mail that bounced or was complained of.

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
#[serde(rename_all = "camelCase")]
struct Bounce {
    bounce_type: String,
    bounced_recipients: Vec<Recipient>,
    timestamp: Timestamp,
    feedback_id: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Complaint {
    complaint_feedback_type: Option<String>,
    complained_recipients: Vec<Recipient>,
    timestamp: Timestamp,
    feedback_id: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Recipient {
    email_address: String,
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
                id: bounce.feedback_id,
                at: bounce.timestamp,
                cause: UndeliverableCause::Bounce,
                is_final: bounce.bounce_type == "Permanent",
                recipients: addresses(bounce.bounced_recipients),
            },
            Detail::Complaint { complaint } => Self {
                id: complaint.feedback_id,
                at: complaint.timestamp,
                cause: UndeliverableCause::Complaint,
                is_final: complaint.complaint_feedback_type.as_deref() != Some("not-spam"),
                recipients: addresses(complaint.complained_recipients),
            },
        })
    }
}

fn addresses(recipients: Vec<Recipient>) -> Vec<String> {
    recipients.into_iter().map(|recipient| recipient.email_address).collect()
}
