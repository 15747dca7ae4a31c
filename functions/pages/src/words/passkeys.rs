//! What the page of passkeys says, and what asks for one.

pub(crate) const INTRODUCTION: &str = "With a passkey you sign in by what unlocks your device: a \
                                       finger, your face or a PIN. It works without your password \
                                       and without a code, and nobody can have you enter it on \
                                       another site.";
pub(crate) const EMPTY: &str = "You have no passkeys.";
pub(crate) const NAME: &str = "Name";
pub(crate) const NAME_HINT: &str = "What you call the device, or what keeps your passkeys.";
pub(crate) const ADDED_AT: &str = "Added";
pub(crate) const LAST_USED: &str = "Last used";

pub(crate) const ADD: &str = "Add a passkey";
pub(crate) const NEEDS_SCRIPT: &str = "Adding a passkey takes a browser that knows passkeys, with \
                                       script.";
pub(crate) const NEEDS_DOMAIN: &str = "Passkeys cannot be added here: they take a service with a \
                                       domain name, and this one is reached by an address.";
pub(crate) const RENAME: &str = "Rename";
pub(crate) const RENAME_WHY: &str = "Only you see the name.";
pub(crate) const REMOVE: &str = "Remove";
pub(crate) const REMOVE_WHY: &str = "It does not sign in any more. Your device may go on offering \
                                     it: delete it there, too.";

pub(crate) const SIGN_IN: &str = "Sign in with a passkey";
pub(crate) const CONFIRM: &str = "Use a passkey";
pub(crate) const NOT_USED: &str = "No passkey was accepted. It may have been removed, or the \
                                   device asked you and got no answer.";
pub(crate) const NOT_ADDED: &str = "No passkey was added. The device may have one of yours \
                                    already, or asked you and got no answer. You can have 20.";

pub(crate) const ADDED: &str = "The passkey is added. From now on you can sign in with it.";
pub(crate) const RENAMED: &str = "The passkey has another name.";
pub(crate) const REMOVED: &str = "The passkey is removed.";
pub(crate) const NOT_RENAMED: &str = "The passkey was not renamed: its name";
pub(crate) const GONE: &str = "This passkey was removed already.";
pub(crate) const LAST_WAY_IN: &str = "This passkey stays: without it you could not sign in any \
                                      more. Set a password or add another passkey first.";
