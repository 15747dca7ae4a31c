//! Amazon SES, which takes one mail per call.

use aws_sdk_sesv2::config::BehaviorVersion;
use aws_sdk_sesv2::config::http::HttpResponse;
use aws_sdk_sesv2::config::retry::RetryConfig;
use aws_sdk_sesv2::config::timeout::TimeoutConfig;
use aws_sdk_sesv2::error::{ProvideErrorMetadata, SdkError};
use aws_sdk_sesv2::operation::send_email::SendEmailError;
use aws_sdk_sesv2::primitives::Blob;
use aws_sdk_sesv2::types::{Destination, EmailContent, RawMessage};
use aws_sdk_sesv2::{Client, Config};
use shared::aws::{Aws, http_client};
use shared::model::MailId;
use shared::{Error, Result, timeouts};

/// What became of a call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Outcome {
    /// SES has the mail.
    Sent,
    /// SES does not take this mail, now or later.
    Rejected,
    /// SES surely did not take it: it may later.
    NotSent,
    /// Nobody knows whether SES has the mail.
    Unknown,
}

impl Outcome {
    /// As the log has it.
    pub(crate) const fn as_str(self) -> &'static str {
        match self {
            Self::Sent => "sent",
            Self::Rejected => "rejected",
            Self::NotSent => "not_sent",
            Self::Unknown => "unknown",
        }
    }
}

/// The client. Each mail is one attempt: the stream brings it again.
pub(crate) struct Ses {
    client: Client,
    configuration_set: Option<String>,
}

impl Ses {
    pub(crate) fn new(aws: Aws, configuration_set: Option<String>) -> Result<Self> {
        let timeouts = TimeoutConfig::builder()
            .connect_timeout(timeouts::AWS_CONNECT)
            .operation_timeout(timeouts::SEND_MAIL)
            .build();
        let mut config = Config::builder()
            .behavior_version(BehaviorVersion::v2026_01_12())
            .http_client(http_client()?)
            .region(aws.region)
            .credentials_provider(aws.credentials)
            .retry_config(RetryConfig::disabled())
            .timeout_config(timeouts);
        config.set_endpoint_url(aws.endpoint);
        Ok(Self { client: Client::from_conf(config.build()), configuration_set })
    }

    /// Sends a mail, as it stands, to one address.
    pub(crate) async fn send(&self, id: MailId, recipient: &str, mail: Vec<u8>) -> Result<Outcome> {
        let raw = RawMessage::builder().data(Blob::new(mail)).build();
        let raw =
            raw.map_err(|error| Error::Internal { action: "send a mail", source: error.into() })?;
        let sent = self
            .client
            .send_email()
            .destination(Destination::builder().to_addresses(recipient).build())
            .content(EmailContent::builder().raw(raw).build())
            .set_configuration_set_name(self.configuration_set.clone())
            .send()
            .await;
        let outcome = sent.as_ref().err().map_or(Outcome::Sent, outcome_of);
        if let Err(error) = sent {
            // The message of an error may have the address: its code is enough.
            let code = error.code().unwrap_or("none");
            tracing::warn!(mail = %id, code, "SES did not confirm a mail");
        }
        Ok(outcome)
    }
}

/// The message that SES rejects a mail with while it may not send for its domain, or in the sandbox
/// to its recipient: the operator can mend that.
const NOT_VERIFIED: &str = "Email address is not verified";

fn outcome_of(error: &SdkError<SendEmailError, HttpResponse>) -> Outcome {
    let SdkError::ServiceError(service) = error else {
        // The SDK does not tell a connection that was refused from one that broke.
        return match error {
            SdkError::ConstructionFailure(_) => Outcome::NotSent,
            _ => Outcome::Unknown,
        };
    };
    match service.err() {
        SendEmailError::MessageRejected(rejected)
            if rejected.message().is_some_and(|text| text.starts_with(NOT_VERIFIED)) =>
        {
            Outcome::NotSent
        }
        SendEmailError::MessageRejected(_) | SendEmailError::BadRequestException(_) => {
            Outcome::Rejected
        }
        // What is denied or throttled is not sent, whatever it is called.
        _ if service.raw().status().is_client_error() => Outcome::NotSent,
        _ => Outcome::Unknown,
    }
}

#[cfg(test)]
mod tests {
    use aws_sdk_sesv2::error::ErrorMetadata;
    use aws_sdk_sesv2::types::error::{BadRequestException, MessageRejected};

    use super::*;

    #[test]
    fn only_what_ses_will_never_take_is_rejected_and_only_5xx_is_unknown() {
        let rejected = |text: &str| {
            SendEmailError::MessageRejected(MessageRejected::builder().message(text).build())
        };
        let bad = SendEmailError::BadRequestException(BadRequestException::builder().build());
        let other = || SendEmailError::generic(ErrorMetadata::builder().code("Other").build());
        for (error, status, expected) in [
            (rejected("Illegal content"), 400, Outcome::Rejected),
            (bad, 400, Outcome::Rejected),
            (rejected("Email address is not verified. x"), 400, Outcome::NotSent),
            (other(), 403, Outcome::NotSent),
            (other(), 429, Outcome::NotSent),
            (other(), 500, Outcome::Unknown),
        ] {
            let status = status.try_into().unwrap();
            let response = HttpResponse::new(status, "".into());

            assert_eq!(outcome_of(&SdkError::service_error(error, response)), expected);
        }
    }
}
