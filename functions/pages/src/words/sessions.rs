//! What the page of sessions says.

pub(crate) const INTRODUCTION: &str = "Browsers in which you are signed in. A session ends 30 \
                                       days after you signed in, or 14 days after you last used \
                                       it. Changing your password here ends all others. Setting \
                                       it by mail or by a program ends this one too.";
pub(crate) const BROWSER: &str = "Browser";
pub(crate) const SIGNED_IN: &str = "Signed in";
pub(crate) const LAST_USED: &str = "Last used";
pub(crate) const ENDS: &str = "Ends";
pub(crate) const END: &str = "End this session";
pub(crate) const THIS_ONE: &str = "This browser";
pub(crate) const END_OTHERS: &str = "End all others";
pub(crate) const END_OTHERS_WHY: &str = "Every other browser has to sign in again.";

pub(crate) const ENDED: &str = "The session has ended.";
pub(crate) const OTHERS_ENDED: &str = "All other sessions have ended.";
