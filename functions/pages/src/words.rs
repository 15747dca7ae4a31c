//! What the pages say. `{service}` stands for the name of the service. An error of a field is a
//! sentence that begins with the field's label.

pub(crate) mod account;
pub(crate) mod account_frame;
pub(crate) mod account_invitations;
pub(crate) mod accounts;
pub(crate) mod actions;
pub(crate) mod activity;
pub(crate) mod apps;
pub(crate) mod emails;
pub(crate) mod entry;
pub(crate) mod keys;
pub(crate) mod layout;
pub(crate) mod members;
pub(crate) mod passkeys;
pub(crate) mod password;
pub(crate) mod profile;
pub(crate) mod registry;
pub(crate) mod second_factor;
pub(crate) mod sessions;
pub(crate) mod tokens;

/// What a page says that has no form.
pub(crate) struct Notice {
    pub(crate) heading: &'static str,
    pub(crate) text: &'static [&'static str],
}

pub(crate) const ERROR_PREFIX: &str = "Error: ";
pub(crate) const ERRORS: &str = "Please correct this and try again:";
pub(crate) const OPTIONAL: &str = "(optional)";
pub(crate) const SHOW_PASSWORD: &str = "Show password";
pub(crate) const PASSWORD_HINT: &str =
    "At least 8 characters. A few words in a row are hard to guess and easy to remember.";

pub(crate) const OTHER_SITE: Notice = Notice {
    heading: "This form came from another site",
    text: &["Nothing was done. Open the page here, and send the form that it shows."],
};

pub(crate) const CLOSED: Notice = Notice {
    heading: "Signing up is closed",
    text: &["Nobody can sign up for {service} at the moment. Those who run {service} can add you."],
};

pub(crate) const NO_MAIL: Notice = Notice {
    heading: "This takes mail",
    text: &["{service} sends no mail, so there is no link to continue with. Write to those who \
             run {service}."],
};

pub(crate) const HELD: Notice = Notice {
    heading: "The address is confirmed already",
    text: &[
        "Somebody else has confirmed this e-mail address, so it cannot be in your profile. If \
             that was you in another profile of yours, remove the address there first, then ask \
             for another link.",
    ],
};

pub(crate) const SIGN_UP_ENDED: Notice = Notice {
    heading: "This link has ended",
    text: &["A link to sign up works for a day, and once. If you have signed up with it, sign in \
             with your username or your e-mail address."],
};

pub(crate) const RESET_ENDED: Notice = Notice {
    heading: "This link has ended",
    text: &[
        "A link to reset a password works for 30 minutes, and once. If you asked for more than \
             one, only the newest works.",
    ],
};

pub(crate) const PROOF_ENDED: Notice = Notice {
    heading: "This link has ended",
    text: &[
        "A link to confirm an e-mail address works for a day. If you asked for more than one, \
             only the newest works. Ask for another one where you asked for this one.",
    ],
};

pub(crate) const INVITATION_ENDED: Notice = Notice {
    heading: "This link has ended",
    text: &["Nobody joins an account by this link. Ask whoever invited you for another one."],
};

pub(crate) const INVITATION_USED: Notice = Notice {
    heading: "This invitation was used",
    text: &["Somebody joined by it. If that was you, there is nothing more to do."],
};

pub(crate) const INVITATION_DECLINED: Notice = Notice {
    heading: "This invitation was declined",
    text: &["If you want to join after all, ask whoever invited you for another invitation."],
};

pub(crate) const INVITATION_REVOKED: Notice = Notice {
    heading: "This invitation was revoked",
    text: &["Those who run the account took it back. Ask whoever invited you."],
};

pub(crate) const INVITATION_EXPIRED: Notice = Notice {
    heading: "This invitation has expired",
    text: &["Ask whoever invited you for another invitation."],
};

pub(crate) const INVITATION_REPLACED: Notice = Notice {
    heading: "There is a newer invitation",
    text: &["You were invited again. Open the link of the newest mail, or the one that you were \
             given last."],
};

pub(crate) const OTHER_RECIPIENT: Notice = Notice {
    heading: "This invitation is for somebody else",
    text: &["It is for another e-mail address than those of your profile. If that address is \
             yours too, sign in with the profile that has it."],
};

pub(crate) const ALREADY_MEMBER: Notice =
    Notice { heading: "You are a member already", text: &["There is nothing more to do."] };

pub(crate) const ACCOUNT_IS_FULL: Notice = Notice {
    heading: "You cannot join this account",
    text: &[
        "The account has as many members as it can have, or you belong to as many accounts, or \
             have as many addresses, as one can. Ask an admin of the account to make room, leave an \
             account, or remove an address, and open the link again.",
        "If you have no profile yet, whoever invited you may have brought in as many new people \
             today as one can: try again tomorrow.",
    ],
};

pub(crate) const ASK_FOR_ANOTHER: &str = "Ask for another link";

pub(crate) const TOO_MANY: &str = "Too many requests";

pub(crate) fn too_many(minutes: u64) -> String {
    let unit = if minutes == 1 { "minute" } else { "minutes" };
    format!("Too many mails were asked for from your network. Try again in {minutes} {unit}.")
}

/// Signing up.
pub(crate) mod sign_up {
    pub(crate) const HEADING: &str = "Sign up";
    pub(crate) const INTRODUCTION: &str = "Enter your e-mail address. {service} sends you a link, \
                                           with which you choose a username and a password.";
    pub(crate) const EMAIL: &str = "E-mail address";
    pub(crate) const SEND: &str = "Send the link";

    pub(crate) const CHECK_MAIL: &str = "Check your mail";
    pub(crate) const SENT: &str = "To finish signing up, open the link in the mail to";
    pub(crate) const NO_MAIL_CAME: &str = "If no mail comes within a few minutes, look into the \
                                           spam folder, and check that the address is right. No \
                                           more than three mails an hour are sent to an address.";

    pub(crate) const FINISH: &str = "Finish signing up";
    pub(crate) const YOU_SIGN_UP_WITH: &str = "You sign up for {service} with";
    pub(crate) const USERNAME: &str = "Username";
    pub(crate) const USERNAME_HINT: &str = "4 to 30 letters a-z and digits.";
    pub(crate) const NAME: &str = "Name";
    pub(crate) const NAME_HINT: &str = "What others call you.";
    pub(crate) const PASSWORD: &str = "Password";
    pub(crate) const SIGN_UP: &str = "Sign up";
    pub(crate) const TAKEN: &str = "is taken";

    pub(crate) const DONE: &str = "You are signed up";
    pub(crate) const USERNAME_IS: &str = "Your username is";
}

/// Setting a lost password anew.
pub(crate) mod reset {
    pub(crate) const HEADING: &str = "Reset your password";
    pub(crate) const INTRODUCTION: &str = "Enter your username, or an e-mail address that you \
                                           have confirmed. {service} sends you a link, with which \
                                           you choose a new password.";
    pub(crate) const NAME: &str = "Username or e-mail address";
    pub(crate) const SEND: &str = "Send the link";

    pub(crate) const CHECK_MAIL: &str = "Check your mail";
    pub(crate) const SENT: &str = "If {service} knows what you entered, and you have confirmed an \
                                   e-mail address, there is a mail on its way to you. Its link \
                                   works for 30 minutes.";
    pub(crate) const NO_MAIL_CAME: &str = "If no mail comes within a few minutes, look into the \
                                           spam folder, and check what you entered. No more than \
                                           three mails an hour are sent.";

    pub(crate) const CHOOSE: &str = "Choose a new password";
    pub(crate) const WHAT_ENDS: &str = "Everybody who is signed in as you will be signed out.";
    pub(crate) const PASSWORD: &str = "New password";
    pub(crate) const KEEP: &str = "Keep my API keys, environment tokens, SSH keys and passkeys";
    pub(crate) const KEEP_HINT: &str = "Programs that use them work on. Leave this empty if \
                                        somebody else may have known your password: they may have \
                                        made keys of their own.";
    pub(crate) const SET: &str = "Set the password";

    pub(crate) const DONE: &str = "Your password is changed";
    pub(crate) const SIGNED_OUT: &str = "Everybody who was signed in as you is signed out.";
}

/// Confirming an address.
pub(crate) mod proof {
    pub(crate) const HEADING: &str = "Confirm your e-mail address";
    pub(crate) const IS_IT_YOURS: &str = "The address is";
    pub(crate) const IF_IT_WAS_YOU: &str = "If you asked to add it to your profile at {service}, \
                                            confirm that it is yours. If you did not ask, close \
                                            this page: nothing happens then.";
    pub(crate) const CONFIRM: &str = "Confirm the address";

    pub(crate) const DONE: &str = "The address is confirmed";
    pub(crate) const IS_YOURS: &str = "is now a confirmed address of your profile at {service}.";
    pub(crate) const SEE_ADDRESSES: &str = "See your addresses";
}

/// Answering an invitation.
pub(crate) mod invitation {
    use shared::model::Role;

    pub(crate) const HEADING: &str = "Join an account";
    pub(crate) const YOU_ARE_INVITED: &str = "At {service}, you are invited to the account";
    pub(crate) const ADDRESS_IS: &str = "The invitation is for";
    pub(crate) const HAVE_A_PROFILE: &str = "I have a profile at {service}: sign in and join";
    pub(crate) const DECLINE_IT: &str = "Decline the invitation";
    pub(crate) const OR_BECOME_ONE: &str = "If you have none yet, choose a username and a \
                                            password. You join the account with it.";
    pub(crate) const ONLY_IF_YOURS: &str = "Join only if this address is yours. It becomes a \
                                            confirmed address of your profile, and whoever reads \
                                            its mail can set another password for you.";
    pub(crate) const JOIN: &str = "Join the account";

    pub(crate) const SIGN_IN: &str = "Sign in and join";

    pub(crate) const HAS_PROFILE: &str = "There is a profile with this address";
    pub(crate) const ADDRESS_IS_TAKEN: &str =
        "The address that was invited is in a profile already. Sign in with that profile to join.";

    pub(crate) const DONE: &str = "You joined the account";
    pub(crate) const MEMBER_OF: &str = "You are now a member of";
    pub(crate) const SEE_ACCOUNT: &str = "See the account";
    pub(crate) const USERNAME_IS: &str = "Your username is";

    pub(crate) const IF_YOU_DECLINE: &str = "Nobody joins by this link then, you included.";
    pub(crate) const DECLINE: &str = "Decline";
    pub(crate) const DECLINED: &str = "You declined the invitation";
    pub(crate) const NOTHING_ELSE: &str = "Nothing else was changed. You can close this page.";

    pub(crate) const fn role(role: Role) -> &'static str {
        match role {
            Role::Admin => "as an admin.",
            Role::Member => "as a member.",
        }
    }
}
