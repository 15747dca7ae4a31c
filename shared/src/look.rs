//! How the operator has pages look: a colour and a logo in place of ours.

#[cfg(feature = "look")]
mod accent;
#[cfg(feature = "look")]
mod logo;

use std::sync::Arc;

#[cfg(feature = "look")]
use base64::Engine;
#[cfg(feature = "look")]
use base64::engine::general_purpose::STANDARD;
use maud::{Markup, PreEscaped, html};
#[cfg(feature = "look")]
use sha2::{Digest, Sha256};

#[cfg(feature = "look")]
pub use accent::AccentColor;
#[cfg(feature = "look")]
pub use logo::Logo;

/// The logo inherits the colour of text where it has none of its own. Beside it, the name of the
/// service is there for those alone who hear pages.
#[cfg(feature = "look")]
const LOGO_STYLE: &str = ".logo{fill:currentColor}\
    .logo svg{display:block;height:2rem;width:auto;max-width:100%}\
    .logo span{position:absolute;overflow:hidden;width:1px;height:1px;clip-path:inset(50%);\
    white-space:nowrap}";

/// In the dark scheme a logo with colours of its own has a light ground, which moves nothing: there
/// are no others for the dark. What has the colour of text is dark on it.
#[cfg(feature = "look")]
const GROUND_STYLE: &str = "@media(prefers-color-scheme:dark){.logo svg{background:#fff;\
    outline:4px solid #fff;color:#000;forced-color-adjust:none}}";

/// The colour and the logo of a stack. By default there is neither, and each text is empty.
#[derive(Debug, Clone, Default)]
pub struct Look {
    style: Arc<str>,
    source: Arc<str>,
    logo: Arc<str>,
}

impl Look {
    /// This colour and this logo, where they are set.
    #[cfg(feature = "look")]
    pub fn new(accent: Option<AccentColor>, logo: Option<Logo>) -> Self {
        let mut style = accent.map(AccentColor::style).unwrap_or_default();
        if let Some(logo) = &logo {
            style.push_str(LOGO_STYLE);
            if logo.has_colors() {
                style.push_str(GROUND_STYLE);
            }
        }
        let source = if style.is_empty() {
            String::new()
        } else {
            format!(" 'sha256-{}'", STANDARD.encode(Sha256::digest(&style)))
        };
        let logo = logo.map(Logo::into_svg).unwrap_or_default();
        Self { style: style.into(), source: source.into(), logo: logo.into() }
    }

    /// The element that comes after the style of all pages.
    pub fn style(&self) -> Markup {
        html! { @if !self.style.is_empty() { style { (PreEscaped(&*self.style)) } } }
    }

    /// What a content security policy knows that element by, with a space before it.
    pub fn source(&self) -> &str {
        &self.source
    }

    /// The logo, or else this name.
    pub(crate) fn logo(&self, name: &str) -> Markup {
        html! {
            @if self.logo.is_empty() { (name) }
            @else { span.logo { (PreEscaped(&*self.logo)) span { (name) } } }
        }
    }
}
