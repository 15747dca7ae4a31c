//! What the pages of the second factor say, and where its codes are asked for.

pub(crate) const INTRODUCTION: &str = "With a second factor, signing in takes a code of an app on \
                                       your phone beside your password, so that nobody gets in \
                                       who knows your password alone. Any app for one-time codes \
                                       will do; many password managers are one.";
pub(crate) const PROGRAMS: &str = "Programs that sign in with your username and your password do \
                                   not get in any more: give each of them a token first, which \
                                   goes in place of the password.";
pub(crate) const MAKE_TOKENS: &str = "Make tokens";
pub(crate) const SET_UP: &str = "Set up a second factor";
pub(crate) const NOT_OWN: &str = "You can set up a second factor after you have chosen";
pub(crate) const CHOOSE_OWN: &str = "a password of your own";

pub(crate) const SCAN: &str = "Scan this with the app:";
pub(crate) const QR: &str = "QR code with the key that is written below";
pub(crate) const OR_TYPE: &str = "Or type this key into it. Both are shown only once.";
pub(crate) const APP_CODE: &str = "Code";
pub(crate) const APP_CODE_HINT: &str = "The 6 digits that the app shows now.";
pub(crate) const TURN_ON: &str = "Turn it on";
pub(crate) const SCANNED: &str = "Take the next code of the app. If its codes are never right, \
                                  look whether the clock of your phone is, or begin anew on the \
                                  page Second factor.";
pub(crate) const NOT_OF_SETUP: &str = "is not the one that the app shows now";
pub(crate) const SETUP_ENDED: &str = "The key does not count any more: that took too long, or your \
                                      password, keys, confirmed addresses or second factor \
                                      changed meanwhile. Remove it from the app, and set up \
                                      another one.";

pub(crate) const ON: &str = "Signing in takes a code of your app beside your password.";
pub(crate) const SINCE: &str = "On since";
pub(crate) const CODES_LEFT: &str = "Recovery codes left";
pub(crate) const CODES: &str = "Recovery codes";
pub(crate) const RENEW: &str = "Make new recovery codes";
pub(crate) const RENEW_WHY: &str = "None of the old ones works then.";
pub(crate) const TURN_OFF: &str = "Turn it off";
pub(crate) const TURN_OFF_WHY: &str = "Your password alone signs in then, and the recovery codes \
                                       are gone.";
pub(crate) const CODE: &str = "Code";
pub(crate) const CODE_HINT: &str = "The 6 digits that your app shows now, or a recovery code. Each \
                                    works once.";
pub(crate) const WRONG: &str = "is not right, or was used already";

pub(crate) const NEW_CODES: &str = "Your recovery codes";
pub(crate) const WHAT_CODES_DO: &str = "The second factor is on. If you lose your app, each of \
                                        these takes its place, once. Keep them where your phone \
                                        is not, on paper for instance.";
pub(crate) const BACK: &str = "Back to the second factor";

pub(crate) const TURNED_OFF: &str = "The second factor is off.";
pub(crate) const SESSIONS_STAY: &str = "Browsers that are signed in stay so.";
pub(crate) const END_SESSIONS: &str = "Look which, and end all others";
pub(crate) const IS_ON: &str = "The second factor is on already. If you have no recovery codes, \
                                make new ones.";
pub(crate) const GIVEN_PASSWORD: &str = "Nothing was set up: somebody else chose your password.";
pub(crate) const IS_OFF: &str = "The second factor is off already.";
