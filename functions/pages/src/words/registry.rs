//! What the page of an account's registry says.

pub(crate) const INTRODUCTION: &str = "The private registry that the account's images come from.";
pub(crate) const EMPTY: &str = "The account has no registry.";
pub(crate) const SERVER: &str = "Server";
pub(crate) const SERVER_HINT: &str = "A URL that begins with https://.";
pub(crate) const EMAIL: &str = "E-mail address";
pub(crate) const USERNAME: &str = "Username";
pub(crate) const PASSWORD: &str = "Password";
pub(crate) const PASSWORD_HINT: &str = "It is encrypted at once, for those who run this service. Nobody is shown it again, you included.";
pub(crate) const IS_SEALED: &str = "Stored, and not shown";

pub(crate) const SET: &str = "Set the registry";
pub(crate) const SAVE: &str = "Save";
pub(crate) const DELETE: &str = "Take the registry away";
pub(crate) const DELETE_WHY: &str = "Its password cannot be brought back: to set the registry \
                                     again, you have to enter it once more.";

pub(crate) const SAVED: &str = "The registry is saved.";
pub(crate) const DELETED: &str = "The account has no registry any more.";
