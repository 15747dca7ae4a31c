//! The scripts of pages, each in the page itself. What can be done without one works without it.

use maud::{Markup, PreEscaped, Render, html};

/// A script, with what the content security policy of its page allows it.
pub(crate) struct Script {
    text: &'static str,
    /// Its SHA-256, which the policy knows it by.
    source: &'static str,
    /// What else it takes: directives, each with a semicolon at its end.
    besides: &'static str,
}

/// Copies, downloads and prints a secret; without script it is selected and copied by hand.
pub(crate) static SECRET: Script = Script {
    text: include_str!("secret.js"),
    source: "'sha256-0PRMqrHfBWN4qyVSpXp6rMRrduVD351g4AB/ZT/EQ/E='",
    besides: "",
};

/// Asks a device for a passkey, which nothing but a script can.
pub(crate) static PASSKEY: Script = Script {
    text: include_str!("passkey.js"),
    source: "'sha256-FDaUB5+fMTlUzkhH4r7SsdMCvBBfQ0xMPhAll2YbKR8='",
    besides: "connect-src 'self';",
};

/// Shows a password while its button is pressed, and no longer when the form is sent: else browsers
/// would keep it as they keep other text.
pub(crate) static SHOW_PASSWORD: Script = Script {
    text: include_str!("show_password.js"),
    source: "'sha256-APtTV4BEAlzBme/KAUEXcewpGu4MzIXOdnD8RGlMgW8='",
    besides: "",
};

/// Sends a form once of two clicks: the second request would come before the first one's response,
/// without the session that it begins, and with a code or a link that is used. The form can be sent
/// again after five seconds, as its first request may have been stopped, and at once by who comes
/// back to the page.
///
/// The script of passkeys prevents its form first, which does not count then.
pub(crate) static SEND_ONCE: Script = Script {
    text: include_str!("send_once.js"),
    source: "'sha256-Ds/WRWH4CJDWXn6PbYmN3mXihCJTssC5fKFEIoqi3Zk='",
    besides: "",
};

/// The directives that allow a page these scripts, each with a semicolon at its end.
pub(crate) fn directives(scripts: &[&Script]) -> String {
    if scripts.is_empty() {
        return String::new();
    }
    let sources: Vec<_> = scripts.iter().map(|script| script.source).collect();
    let besides: String = scripts.iter().map(|script| script.besides).collect();
    format!("script-src {}; {besides}", sources.join(" "))
}

impl Render for Script {
    fn render(&self) -> Markup {
        html! { script { (PreEscaped(self.text)) } }
    }
}

#[cfg(test)]
mod tests {
    use base64::Engine;
    use base64::engine::general_purpose::STANDARD;
    use sha2::{Digest, Sha256};

    use super::*;

    #[test]
    fn the_policy_knows_each_script() {
        for script in [&SECRET, &PASSKEY, &SHOW_PASSWORD, &SEND_ONCE] {
            let hash = STANDARD.encode(Sha256::digest(script.text));

            assert_eq!(script.source, format!("'sha256-{hash}'"));
        }
        let all = directives(&[&SEND_ONCE, &PASSKEY]);
        let sources = format!("script-src {} {};", SEND_ONCE.source, PASSKEY.source);
        assert_eq!(all, format!("{sources} connect-src 'self';"));
    }
}
