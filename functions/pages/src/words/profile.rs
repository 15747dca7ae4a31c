//! What the page of the profile says.

pub(crate) const USERNAME: &str = "Username";
pub(crate) const ID: &str = "User ID";
pub(crate) const NUMBER: &str = "User number";
pub(crate) const EMAIL: &str = "Primary e-mail address";
pub(crate) const SINCE: &str = "Member since";

pub(crate) const CHANGE: &str = "About you";
pub(crate) const NAME: &str = "Name";
pub(crate) const NAME_HINT: &str = "What others call you.";
pub(crate) const LOCATION: &str = "Location";
pub(crate) const COMPANY: &str = "Company";
pub(crate) const URL: &str = "Website";
pub(crate) const URL_HINT: &str = "A page about you. It begins with https:// or http://.";
pub(crate) const GRAVATAR: &str = "Gravatar address";
pub(crate) const GRAVATAR_HINT: &str =
    "The e-mail address whose picture at Gravatar apps show for you.";
pub(crate) const PHONE: &str = "Phone number";
pub(crate) const SAVE: &str = "Save";

pub(crate) const SAVED: &str = "Your profile is saved.";
