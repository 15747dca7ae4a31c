//! What the pages say that sign in, and those that ask for the password once more.

pub(crate) const HEADING: &str = "Sign in";
pub(crate) const NAME: &str = "Username or e-mail address";
pub(crate) const PASSWORD: &str = "Password";
pub(crate) const SIGN_IN: &str = "Sign in";
pub(crate) const FORGOT: &str = "Forgot your password?";
pub(crate) const SIGN_UP: &str = "Sign up";
pub(crate) const WRONG: &str = "is not right, or nobody has this name";

pub(crate) const NEEDS_COOKIES: &str = "Signing in needs cookies. Your browser sent none: if it \
                                        comes to this again and again, allow those of this site.";
pub(crate) const ENDED: &str = "You are not signed in any more. Sign in to go on. What you entered \
                                is kept, but for passwords, codes and private keys.";
pub(crate) const BUSY: &str = "Too many attempts at once. Try again in a moment.";

pub(crate) fn locked(minutes: u64) -> String {
    let unit = if minutes == 1 { "minute" } else { "minutes" };
    format!("Too many attempts to sign in. Try again in {minutes} {unit}.")
}

pub(crate) const ENTER_CODE: &str = "Enter a code";
pub(crate) const ENTER_CODE_WHY: &str = "Your password is right. The second step is a code of your \
                                         app.";
pub(crate) const LOST_APP: &str = "Lost your app? Use a recovery code. Lost both? Ask those who \
                                   run the service.";
pub(crate) const CODE_ENDED: &str = "You have to begin again: it took more than five minutes, or \
                                     your profile was changed meanwhile. What you entered before \
                                     is kept, but for passwords, codes and private keys.";

pub(crate) const ENTER_EITHER: &str = "Enter your password or a code";
pub(crate) const OR_CODE: &str = "In place of the password: the 6 digits that your app shows now, \
                                  or a recovery code.";
pub(crate) const ENTER_PASSWORD: &str = "Enter your password";
pub(crate) const ENTER_PASSWORD_WHY: &str = "You entered your password some time ago. What you are \
                                             about to do takes it again.";
pub(crate) const PASSWORD_WRONG: &str = "is not right";
pub(crate) const NOT_YOU: &str = "Not you?";
pub(crate) const SIGNED_IN_AS: &str = "You are signed in as";

pub(crate) const SEND_AGAIN: &str = "Go on with what you began?";
pub(crate) const SEND_AGAIN_WHY: &str = "It is not done yet: you have signed in, or entered your \
                                         password again, since you opened the page. What you \
                                         entered is kept, but for passwords, codes and private \
                                         keys.";
pub(crate) const SEND: &str = "Go on";
pub(crate) const DO_NOT_SEND: &str = "Leave it";

pub(crate) const SENT_BEFORE: &str = "This was done already";
pub(crate) const SENT_BEFORE_WHY: &str = "You sent this form before. What came of it was shown then, \
                                          and is not shown again. If you do not have it, make \
                                          another one.";

pub(crate) const NOT_YOURS: &str = "Somebody else filled in this form";
pub(crate) const NOT_YOURS_WHY: &str = "Nothing was done, and what was entered is not kept. To do \
                                        it as yourself, open the page and fill in its form.";
pub(crate) const OPEN_PAGE: &str = "Open the page";

pub(crate) const SIGNED_OUT: &str = "You are signed out";
pub(crate) const SIGN_IN_AGAIN: &str = "Sign in again";
