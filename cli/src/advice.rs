//! What to do about an error, if it does not say so itself.

use shared::Error;

use super::OutputError;

/// How DynamoDB begins what it says of an item or an expression that it takes for too large.
const TOO_LARGE: &str = " size has exceeded the maximum";

const DAMAGED: &str =
    ": this command may be older or newer than the stack: install it from the stack's checkout";

/// Of a command that is done when it prints, and may make another one each time.
pub(super) const LOST_OUTPUT: &str = ", but what the command was to do is done; do not run it again: `rollcall show-user` and \
     `list-clients` show what there is now. A secret that was to be shown is lost: `reset-password` \
     gives another password; `revoke-token` and `delete-client` take the rest back";

pub(super) const LOST_REPLAY: &str =
    ", but what has ended since is ended again; run the command again for what is left to look at";

pub(super) const LOST_CHECKS: &str = ", and the rest was not checked; run the command again";

pub(super) const LOST_PUBLIC_KEY: &str =
    ", and no command shows the public key again: delete FILE, and run the command again";

/// How DynamoDB says that it has no such table.
const NO_TABLE: &str = "ResourceNotFoundException";

/// Errors of AWS by their codes.
const AWS: [(&[&str], &str); 3] = [
    (
        &[NO_TABLE],
        ": the table is not in this region and account; `aws dynamodb list-tables` lists those that \
         are",
    ),
    (
        &["AccessDeniedException"],
        ": the credentials lack a permission; docs/operator.md lists what the command needs",
    ),
    (
        &["UnrecognizedClientException", "ExpiredTokenException", "InvalidSignatureException"],
        ": the credentials are not accepted; choose a profile with AWS_PROFILE, or run `aws sso \
         login`",
    ),
];

/// How a command was run.
#[derive(Clone, Copy)]
pub(super) struct Context {
    /// Whether the table is that of a `cargo xtask dev`.
    pub(super) is_local: bool,
    /// Whether it writes.
    pub(super) writes: bool,
    /// What to do if its output was lost.
    pub(super) on_lost_output: &'static str,
}

/// What to do about an error; nothing if it says so itself.
pub(super) fn advice(error: &anyhow::Error, context: Context) -> &'static str {
    let Context { is_local, writes, on_lost_output } = context;
    if error.is::<OutputError>() {
        return on_lost_output;
    }
    let has = |code: &&str| error.chain().any(|cause| cause.to_string().contains(code));
    let of_aws = AWS.iter().find(|(codes, _)| codes.iter().any(has));
    let Some(reason) = error.downcast_ref() else { return "" };
    match (of_aws, reason) {
        (None, Error::Internal { .. }) if has(&TOO_LARGE) => {
            ": what was given is more than one item of the table can hold"
        }
        (Some(_), Error::Internal { .. }) if is_local && has(&NO_TABLE) => {
            ": no such table is served; with `replay` look at the name after --from-table, else start \
             `cargo xtask dev` again"
        }
        (Some(_), Error::Internal { .. } | Error::Unavailable { .. })
        | (None, Error::Unavailable { .. })
            if is_local =>
        {
            ": nothing serves the table of `dev.json` any more; start `cargo xtask dev` again"
        }
        (Some((_, advice)), _) => advice,
        (None, Error::Unavailable { .. }) if !writes => {
            ": look at the network, the region and --endpoint-url, and run the command again"
        }
        (None, reason) => advice_on(reason),
    }
}

fn advice_on(reason: &Error) -> &'static str {
    match reason {
        Error::NotFound(what) => match *what {
            "client" => ": `rollcall list-clients` lists them all",
            "plan" => ": `rollcall list-plans` lists them all",
            "user" => ": `rollcall list-users` lists them all",
            _ => ": `rollcall show-user --user WHO` shows the accounts and tokens of a user",
        },
        Error::Conflict(text) => advice_on_conflict(text),
        Error::LimitReached(_) => {
            ": `rollcall show-user --user WHO` shows what there is, `rollcall revoke-token` frees \
             the place of a token"
        }
        Error::OwnerMustTransfer => {
            ": the owner does so at `POST /rollcall/v1/accounts/{id}/owner`; the account passes to \
             another admin with `rollcall delete-user` of the owner, too"
        }
        Error::LastAdmin => {
            ": make another member one with `rollcall set-role --account ID --user WHO --role admin`"
        }
        Error::WriteConflict => ": another write came first; run the command again",
        Error::Unavailable { .. } => {
            ": whether anything was written is unknown; look at the network, the region and \
             --endpoint-url, and run the command again"
        }
        Error::Internal { action, .. } if *action != "start" => DAMAGED,
        // The first is about what the operator gave, and says what is wrong with it; the others are
        // those of requests, of which the command makes none.
        Error::Internal { .. }
        | Error::MissingCredential
        | Error::InvalidCredential
        | Error::SecondFactorRequired
        | Error::UserTokenOnly
        | Error::MissingScope(_)
        | Error::FullAccessRequired
        | Error::OAuthTokenElsewhere
        | Error::OtherForm
        | Error::Forbidden(_)
        | Error::MethodNotAllowed { .. }
        | Error::Invalid(_)
        | Error::PayloadTooLarge
        | Error::UnsupportedMediaType(_)
        | Error::UnsupportedEncoding
        | Error::PreconditionFailed
        | Error::IdempotencyKeyReused
        | Error::IdempotencyKeyInUse
        | Error::FormSentBefore
        | Error::TooManyAttempts { .. }
        | Error::AttemptsInProgress
        | Error::TooManyMails { .. }
        | Error::LinkEnded
        | Error::LastWayIn
        | Error::NotAdmin
        | Error::OtherRecipient
        | Error::AddressNotProved
        | Error::AlreadyMember
        | Error::InvitationEnded(_)
        | Error::MailNotConfigured
        | Error::OAuth { .. } => "",
    }
}

fn advice_on_conflict(text: &str) -> &'static str {
    match text {
        "the username is taken" => {
            ": choose another one; that of a deleted user stays taken for ever"
        }
        "the e-mail address is taken" => ": `rollcall show-user --user ADDRESS` shows by whom",
        "the user is being deleted" => ": `rollcall delete-user --user WHO` finishes it",
        "the user is disabled" => ": `rollcall enable-user --user WHO` accepts it again",
        _ => "",
    }
}

#[cfg(test)]
mod tests {
    use std::io;

    use shared::limits::TOKENS;

    use super::*;

    fn internal(action: &'static str, cause: &str) -> Error {
        Error::Internal { action, source: cause.into() }
    }

    fn unavailable() -> Error {
        let refused = io::Error::from(io::ErrorKind::ConnectionRefused);
        Error::Unavailable { action: "read a list", source: refused.into() }
    }

    #[test]
    fn every_error_that_a_command_can_meet_has_its_advice() {
        let mut context = Context { is_local: false, writes: true, on_lost_output: "" };
        for (reason, remote, local) in [
            (unavailable(), "run the command again", "start `cargo xtask dev` again"),
            (internal("x", "AccessDeniedException"), "docs/operator.md", "`cargo xtask dev`"),
            (internal("x", "ExpiredTokenException"), "aws sso login", "`cargo xtask dev`"),
            (internal("x", "ResourceNotFoundException"), "list-tables", "`cargo xtask dev`"),
            (internal("read an item", "missing field"), "the stack's", "the stack's"),
            (internal("x", "Item size has exceeded the maximum allowed"), "can hold", "can hold"),
            (Error::WriteConflict, "run the command again", "run the command again"),
            (Error::LimitReached(TOKENS), "rollcall revoke-token", "rollcall revoke-token"),
            (Error::NotFound("user"), "rollcall list-users", "rollcall list-users"),
            (Error::NotFound("member"), "rollcall show-user", "rollcall show-user"),
        ] {
            let error = anyhow::Error::from(reason);
            for (is_local, expected) in [(false, remote), (true, local)] {
                let given = advice(&error, Context { is_local, ..context });
                assert!(given.starts_with(": ") && given.contains(expected), "{error}{given}");
            }
        }
        let said = anyhow::Error::from(internal(
            "start",
            "an endpoint must be https:// or http://, a host in lower case and perhaps a port",
        ));
        assert_eq!(advice(&said, context), "");
        for writes in [true, false] {
            context.writes = writes;
            let given = advice(&unavailable().into(), context);
            assert_eq!(given.contains("whether anything was written"), writes, "{given}");
        }
    }
}
