//! What is served, as `build/` makes it.

/// A file as it is sent to clients that take gzip.
pub(crate) struct File {
    pub(crate) name: &'static str,
    pub(crate) media_type: &'static str,
    /// Changes with the content.
    pub(crate) tag: &'static str,
    pub(crate) gzip: &'static [u8],
}

/// A page of `docs/`.
pub(crate) struct Page {
    pub(crate) name: &'static str,
    pub(crate) title: &'static str,
    /// Anchor and title of each section.
    pub(crate) sections: &'static [(&'static str, &'static str)],
    pub(crate) body: &'static str,
}

/// What the page around a document says.
pub(crate) struct Reference {
    pub(crate) name: &'static str,
    pub(crate) title: &'static str,
    pub(crate) description: &'static str,
    /// What holds for all its operations.
    pub(crate) rules: &'static str,
    /// The security schemes that take a token, by name, with their descriptions.
    pub(crate) tokens: &'static [(&'static str, &'static str)],
    /// Those that take a name and a secret.
    pub(crate) pairs: &'static [(&'static str, &'static str)],
    /// Method, path and summary of each operation.
    pub(crate) operations: &'static [(&'static str, &'static str, &'static str)],
}

include!(concat!(env!("OUT_DIR"), "/content.rs"));

/// The URL of a file that pages load. It changes with the content, so that no page meets the file of
/// another version.
pub(crate) fn url(name: &str) -> String {
    let tag = FILES.iter().find(|file| file.name == name).map_or("", |file| file.tag);
    format!("/docs/files/{name}?v={tag}")
}
