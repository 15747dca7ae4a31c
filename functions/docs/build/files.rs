//! The files that pages load.

use std::fmt::Write as _;
use std::fs;
use std::io::Write as _;
use std::path::Path;

use flate2::write::GzEncoder;
use flate2::{Compression, GzBuilder};
use sha2::{Digest, Sha256};

use crate::{Result, read, watch};

/// The one style of all pages, and what the documentation adds to it.
const STYLE: [&str; 3] = ["../../shared/src/http/page.css", "src/page.css", "src/viewer.css"];
/// Pinned by `devkit/docs-browser`, and compressed, since npm is not there when this is built.
const VIEWER: &str = "viewer/swagger-ui-bundle.js.gz";

/// The code that names the files.
pub(crate) fn files(folder: &Path, out: &Path) -> Result<String> {
    let text = |name: &str| read(&folder.join(name));
    let style = STYLE.map(text).into_iter().collect::<Result<Vec<_>>>()?.concat();
    watch(&folder.join(VIEWER))?;
    let viewer = fs::read(folder.join(VIEWER))?;
    let licence = format!(
        "{}\n{}\n{}",
        text("viewer/NOTICE")?,
        text("viewer/swagger-ui-bundle.js.LICENSE.txt")?,
        text("viewer/LICENSE")?
    );
    let mut code = "pub(crate) static FILES: &[File] = &[\n".to_owned();
    for (name, media_type, content) in [
        ("icon.svg", "image/svg+xml", gzip(text("src/icon.svg")?.as_bytes())?),
        ("page.css", "text/css; charset=utf-8", gzip(style.as_bytes())?),
        (
            "reference.js",
            "text/javascript; charset=utf-8",
            gzip(text("src/reference.js")?.as_bytes())?,
        ),
        ("swagger-ui-bundle.js", "text/javascript; charset=utf-8", viewer),
        // The script itself names this file.
        (
            "swagger-ui-bundle.js.LICENSE.txt",
            "text/plain; charset=utf-8",
            gzip(licence.as_bytes())?,
        ),
    ] {
        code += &file(name, media_type, &content, out)?;
    }
    Ok(code + "];\n")
}

/// The code of a file whose compressed content is written to the folder.
pub(crate) fn file(name: &str, media_type: &str, gzip: &[u8], out: &Path) -> Result<String> {
    let written = format!("{name}.gz");
    fs::write(out.join(&written), gzip)?;
    let digest = Sha256::digest(gzip);
    let mut tag = String::new();
    for byte in digest.iter().take(12) {
        write!(tag, "{byte:02x}")?;
    }
    Ok(format!(
        "File {{ name: {name:?}, media_type: {media_type:?}, tag: {tag:?}, \
         gzip: include_bytes!(concat!(env!(\"OUT_DIR\"), \"/{written}\")) }},\n"
    ))
}

/// Compressed, without a time, so that equal content is equal.
pub(crate) fn gzip(content: &[u8]) -> Result<Vec<u8>> {
    let mut encoder: GzEncoder<_> = GzBuilder::new().write(Vec::new(), Compression::best());
    encoder.write_all(content)?;
    Ok(encoder.finish()?)
}
