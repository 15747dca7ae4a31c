//! The scripts of pages, each in the page itself. What can be done without one works without it.

use maud::{Markup, PreEscaped, Render, html};

/// A script, with what the content security policy of its page allows it.
pub(crate) struct Script {
    text: &'static str,
    /// Each with a semicolon at its end. They know the script by its SHA-256.
    pub(crate) directives: &'static str,
}

/// Copies, downloads and prints a secret; without script it is selected and copied by hand.
pub(crate) static SECRET: Script = Script {
    text: include_str!("secret.js"),
    directives: "script-src 'sha256-0PRMqrHfBWN4qyVSpXp6rMRrduVD351g4AB/ZT/EQ/E=';",
};

/// Asks a device for a passkey, which nothing but a script can.
pub(crate) static PASSKEY: Script = Script {
    text: include_str!("passkey.js"),
    directives: "script-src 'sha256-FDaUB5+fMTlUzkhH4r7SsdMCvBBfQ0xMPhAll2YbKR8='; \
                 connect-src 'self';",
};

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
        for script in [&SECRET, &PASSKEY] {
            let hash = STANDARD.encode(Sha256::digest(script.text));

            let source = format!("script-src 'sha256-{hash}';");
            assert!(script.directives.starts_with(&source), "{source}");
        }
    }
}
