//! What the mails say. `{service}` stands for the name of the service.

use shared::model::MailKind;

/// The words of one kind.
pub(super) struct Words {
    /// The matter, as the mail's heading.
    pub(super) heading: &'static str,
    /// What joins the heading and the name of the service in the subject.
    pub(super) preposition: &'static str,
    /// What happened.
    pub(super) opening: &'static str,
    /// What to call the address that the mail is about, if it shows one.
    pub(super) address: Option<&'static str>,
    /// The link, if there is one.
    pub(super) action: Option<Action>,
    /// What to do if it was you, and if it was not.
    pub(super) advice: &'static [&'static str],
}

/// What the link does.
pub(super) struct Action {
    pub(super) label: &'static str,
}

const NOTHING_TO_DO: &str = "If it was you, there is nothing to do.";
const SECURE: &str = "If it was not you, change your password at once. This signs out everybody \
                      who is signed in as you. If you cannot, write to those who run {service}.";

const NOTICE: Words = Words {
    heading: "",
    preposition: "at",
    opening: "",
    address: None,
    action: None,
    advice: &[NOTHING_TO_DO, SECURE],
};

const EMAIL_PROOF: Words = Words {
    heading: "Confirm your e-mail address",
    preposition: "for",
    opening: "Somebody asked to add this e-mail address to their profile at {service}. If it was \
              you, confirm that the address is yours.",
    action: Some(Action { label: "Confirm the address" }),
    advice: &["If it was not you, ignore this mail. Without the link, nobody can confirm your \
               address."],
    ..NOTICE
};

const EMAIL_PROOF_HELD: Words = Words {
    heading: "Somebody asked to confirm your e-mail address",
    opening: "Somebody asked to confirm this e-mail address as theirs at {service}. It is \
              confirmed as yours, so nothing was changed.",
    advice: &[
        "If it was you, the address is in another profile of yours. Remove it there before you \
         add it again.",
        "If it was not you, there is nothing to do. They were not told that the address is yours.",
    ],
    ..NOTICE
};

const SIGN_UP: Words = Words {
    heading: "Finish signing up",
    preposition: "for",
    opening: "Somebody asked to sign up for {service} with this e-mail address. If it was you, \
              choose a username and a password.",
    action: Some(Action { label: "Finish signing up" }),
    advice: &["If it was not you, ignore this mail. Nothing was created, and without the link \
               nobody can sign up with your address."],
    ..NOTICE
};

const SIGN_UP_HELD: Words = Words {
    heading: "You are already signed up",
    preposition: "for",
    opening: "Somebody asked to sign up for {service} with this e-mail address. You have a \
              profile with it, so nothing was created.",
    advice: &[
        "If it was you, sign in with this address or your username. If you do not know your \
         password, you can reset it on the sign-in page.",
        "If it was not you, there is nothing to do. They were not told that you are signed up.",
    ],
    ..NOTICE
};

const PASSWORD_RESET: Words = Words {
    heading: "Reset your password",
    preposition: "for",
    opening: "Somebody asked to reset the password of your profile at {service}. If it was you, \
              choose a new password.",
    action: Some(Action { label: "Choose a new password" }),
    advice: &[
        "If you asked more than once, only the newest link works.",
        "If it was not you, ignore this mail. Your password stays as it is.",
    ],
    ..NOTICE
};

const INVITATION: Words = Words {
    heading: "You are invited to an account",
    opening: "Somebody invited you to join an account at {service}. Follow the link to see it, and \
              to join with your profile or a new one.",
    action: Some(Action { label: "See the invitation" }),
    advice: &[
        "If you were invited more than once, only the newest link works.",
        "If you do not know who invited you, ignore this mail, or decline the invitation on the \
         same page. Without you, nobody can join by it.",
    ],
    ..NOTICE
};

const PASSWORD_CHANGED: Words = Words {
    heading: "Your password was changed",
    opening: "The password of your profile at {service} was changed.",
    ..NOTICE
};

const EMAIL_ADDED: Words = Words {
    heading: "An e-mail address was added",
    opening: "An e-mail address was added to your profile at {service}.",
    address: Some("Address"),
    ..NOTICE
};

const EMAIL_REMOVED: Words = Words {
    heading: "An e-mail address was removed",
    opening: "An e-mail address was removed from your profile at {service}.",
    address: Some("Address"),
    ..NOTICE
};

const PRIMARY_EMAIL_CHANGED: Words = Words {
    heading: "Your primary e-mail address was changed",
    opening: "Another e-mail address is now the primary one of your profile at {service}.",
    address: Some("Primary address"),
    ..NOTICE
};

const EMAIL_LOST: Words = Words {
    heading: "An e-mail address is no longer in your profile",
    opening: "Somebody else confirmed that this e-mail address is theirs. It was in your profile \
              at {service}, but you had not confirmed it, so it was removed from there.",
    address: Some("Address"),
    advice: &[
        "If the address is not yours, there is nothing to do.",
        "If the address is yours, somebody else can read its mail. Change the password of that \
         mailbox at once, then write to those who run {service}.",
    ],
    ..NOTICE
};

const API_KEY_CREATED: Words = Words {
    heading: "An API key was created",
    opening: "An API key was created for your profile at {service}.",
    advice: &[
        NOTHING_TO_DO,
        "If it was not you, change your password at once. This signs out everybody who is signed \
         in as you. Then delete the API key. If you cannot, write to those who run {service}.",
    ],
    ..NOTICE
};

const SECOND_FACTOR_ON: Words = Words {
    heading: "A second factor was turned on",
    opening: "From now on, signing in to your profile at {service} takes a code of your app beside \
              the password. Keep the recovery codes: each signs you in once if you lose the app.",
    ..NOTICE
};

const SECOND_FACTOR_OFF: Words = Words {
    heading: "The second factor was turned off",
    opening: "Signing in to your profile at {service} takes no code any more. The recovery codes \
              work no more, either.",
    ..NOTICE
};

const RECOVERY_CODE_USED: Words = Words {
    heading: "A recovery code was used",
    opening: "One of the recovery codes of your profile at {service} was used in place of a code \
              of your app. It does not work again.",
    advice: &[
        "If it was you and few codes are left, make new ones on the page of the second factor.",
        "If it was not you, change your password at once. This signs out everybody who is signed \
         in as you. Then make new recovery codes. If you cannot, write to those who run {service}.",
    ],
    ..NOTICE
};

const PASSKEY_ADDED: Words = Words {
    heading: "A passkey was added",
    opening: "A passkey was added to your profile at {service}. Whoever has it signs in without \
              your password.",
    advice: &[
        NOTHING_TO_DO,
        "If it was not you, change your password at once. This signs out everybody who is signed \
         in as you. Then remove the passkey. If you cannot, write to those who run {service}.",
    ],
    ..NOTICE
};

const PASSKEY_REMOVED: Words = Words {
    heading: "A passkey was removed",
    opening: "A passkey was removed from your profile at {service}. It does not sign in any more.",
    ..NOTICE
};

const NEW_SIGN_IN: Words = Words {
    heading: "New sign-in",
    preposition: "to",
    opening: "Somebody signed in to your profile at {service} from a network that you had not \
              used before.",
    ..NOTICE
};

const USER_DELETED: Words = Words {
    heading: "Your profile was deleted",
    opening: "Your profile at {service} was deleted. Nobody can sign in to it any more.",
    advice: &[NOTHING_TO_DO, "If it was not you, write to those who run {service} at once."],
    ..NOTICE
};

/// The words of a kind.
pub(super) const fn words(kind: MailKind) -> Words {
    match kind {
        MailKind::EmailProof => EMAIL_PROOF,
        MailKind::EmailProofHeld => EMAIL_PROOF_HELD,
        MailKind::SignUp => SIGN_UP,
        MailKind::SignUpHeld => SIGN_UP_HELD,
        MailKind::PasswordReset => PASSWORD_RESET,
        MailKind::Invitation => INVITATION,
        MailKind::PasswordChanged => PASSWORD_CHANGED,
        MailKind::EmailAdded => EMAIL_ADDED,
        MailKind::EmailRemoved => EMAIL_REMOVED,
        MailKind::PrimaryEmailChanged => PRIMARY_EMAIL_CHANGED,
        MailKind::EmailLost => EMAIL_LOST,
        MailKind::ApiKeyCreated => API_KEY_CREATED,
        MailKind::SecondFactorOn => SECOND_FACTOR_ON,
        MailKind::SecondFactorOff => SECOND_FACTOR_OFF,
        MailKind::RecoveryCodeUsed => RECOVERY_CODE_USED,
        MailKind::PasskeyAdded => PASSKEY_ADDED,
        MailKind::PasskeyRemoved => PASSKEY_REMOVED,
        MailKind::NewSignIn => NEW_SIGN_IN,
        MailKind::UserDeleted => USER_DELETED,
    }
}
