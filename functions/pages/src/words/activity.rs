//! What the page of the own activity says.

pub(crate) const INTRODUCTION: &str = "What was done to your profile and what belongs to it, the \
                                       newest first. If there is anything that you do not know \
                                       of, change your password.";
