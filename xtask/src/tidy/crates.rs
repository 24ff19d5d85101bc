//! The workspace's crates and what they depend on, as Cargo tells.

use serde_json::Value;
use std::path::{Path, PathBuf};
use std::process::Command;

/// One crate of the workspace.
pub struct Crate {
    /// Its folder's name, which is what the map calls the room.
    pub room: String,
    /// The folder it stands in: `base`, `kern`, `hosts`, `bin`, `tools`, `tests` or nothing.
    pub storey: String,
    /// Its manifest, relative to the root.
    pub manifest: PathBuf,
    /// Its root source files.
    pub roots: Vec<PathBuf>,
    /// What it depends on.
    pub dependencies: Vec<Dependency>,
}

/// One line of a manifest.
pub struct Dependency {
    /// The package's name.
    pub package: String,
    /// The room, if it is a crate of this workspace.
    pub room: Option<String>,
    /// Whether only tests use it.
    pub for_tests: bool,
}

/// Every crate of the workspace.
pub struct Crates(pub Vec<Crate>);

impl Crates {
    /// Asks Cargo.
    pub fn read(root: &Path) -> Result<Self, String> {
        let output = Command::new("cargo")
            .args(["metadata", "--no-deps", "--format-version", "1"])
            .current_dir(root)
            .output()
            .map_err(|error| format!("cargo metadata: {error}"))?;
        let metadata: Value = serde_json::from_slice(&output.stdout)
            .map_err(|error| format!("cargo metadata: {error}"))?;
        Ok(Self(list(&metadata["packages"]).map(|package| parse(root, package)).collect()))
    }
}

fn list(value: &Value) -> impl Iterator<Item = &Value> {
    value.as_array().into_iter().flatten()
}

fn text(value: &Value) -> String {
    value.as_str().unwrap_or_default().to_owned()
}

fn relative(root: &Path, path: &Value) -> PathBuf {
    let path = PathBuf::from(text(path));
    path.strip_prefix(root).map(Path::to_owned).unwrap_or(path)
}

fn parse(root: &Path, package: &Value) -> Crate {
    let manifest = relative(root, &package["manifest_path"]);
    let mut folders = manifest.parent().into_iter().flat_map(Path::iter).rev();
    let mut next = || folders.next().unwrap_or_default().to_string_lossy().into_owned();
    Crate {
        room: next(),
        storey: next(),
        roots: list(&package["targets"])
            .map(|target| relative(root, &target["src_path"]))
            .collect(),
        dependencies: list(&package["dependencies"]).map(dependency).collect(),
        manifest,
    }
}

fn dependency(value: &Value) -> Dependency {
    let folder = value["path"].as_str().map(Path::new).and_then(Path::file_name);
    Dependency {
        package: text(&value["name"]),
        room: folder.map(|name| name.to_string_lossy().into_owned()),
        for_tests: value["kind"] == "dev",
    }
}
