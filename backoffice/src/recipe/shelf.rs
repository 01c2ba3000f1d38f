//! All recipes of a folder.

use std::collections::BTreeMap;
use std::fmt;
use std::path::{Path, PathBuf};

use super::{Fault, Purpose, Recipe};

/// Most recipes of a folder.
const MOST_RECIPES: usize = 200;

/// The recipes that may run, by name.
#[derive(Clone, Debug, Default)]
pub struct Recipes(BTreeMap<String, Recipe>);

/// Files that are no recipes; none is used while one of them is wrong.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unreadable(pub Vec<(PathBuf, Fault)>);

impl fmt::Display for Unreadable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let line = |(path, fault): &(PathBuf, Fault)| format!("{}: {fault}", path.display());
        f.write_str(&self.0.iter().map(line).collect::<Vec<_>>().join("\n"))
    }
}

impl std::error::Error for Unreadable {}

impl Recipes {
    /// Reads and checks every `*.toml` of a folder.
    ///
    /// # Errors
    /// Everything that is wrong, by file, line and field: unreadable files, faulty recipes, two of one name, an undo
    /// that is not there.
    pub fn read(folder: &Path) -> Result<Recipes, Unreadable> {
        let mut files = files(folder).map_err(|what| Unreadable(vec![(folder.to_owned(), fault(what))]))?;
        files.sort();
        let mut recipes = BTreeMap::new();
        let mut wrong = Vec::new();
        for path in files {
            match read(&path) {
                Ok(recipe) if recipes.contains_key(&recipe.id.name) => {
                    wrong.push((path, fault("there is another recipe of this name: rename one of them".to_owned())));
                }
                Ok(recipe) => drop(recipes.insert(recipe.id.name.clone(), recipe)),
                Err(faults) => wrong.extend(faults.into_iter().map(|fault| (path.clone(), fault))),
            }
        }
        let recipes = Recipes(recipes);
        wrong.extend(recipes.missing_undo().map(|what| (folder.to_owned(), fault(what))));
        if wrong.is_empty() { Ok(recipes) } else { Err(Unreadable(wrong)) }
    }

    /// The recipe of this name.
    pub fn get(&self, name: &str) -> Option<&Recipe> {
        self.0.get(name)
    }

    /// All of them, by name.
    pub fn iter(&self) -> impl Iterator<Item = &Recipe> {
        self.0.values()
    }

    fn missing_undo(&self) -> impl Iterator<Item = String> {
        self.0.values().filter_map(|recipe| match &recipe.purpose {
            Purpose::Write(write) => {
                let name = write.undo.as_ref().filter(|name| !self.0.contains_key(*name))?;
                Some(format!("{} is undone by {name}, which is not here: add it, or remove `undo`", recipe.id.name))
            }
            Purpose::Read => None,
        })
    }
}

fn fault(what: String) -> Fault {
    Fault { line: 1, field: String::new(), what }
}

fn files(folder: &Path) -> Result<Vec<PathBuf>, String> {
    let listed = std::fs::read_dir(folder).map_err(|error| format!("the folder cannot be read: {error}"))?;
    let paths: Result<Vec<PathBuf>, _> = listed.map(|entry| entry.map(|entry| entry.path())).collect();
    let mut paths = paths.map_err(|error| format!("the folder cannot be read: {error}"))?;
    paths.retain(|path| path.extension().is_some_and(|extension| extension == "toml"));
    if paths.len() > MOST_RECIPES {
        return Err(format!("{} recipes, at most {MOST_RECIPES}", paths.len()));
    }
    Ok(paths)
}

fn read(path: &Path) -> Result<Recipe, Vec<Fault>> {
    let size = std::fs::metadata(path).map_err(|error| vec![fault(format!("cannot be read: {error}"))])?.len();
    if size > super::LONGEST_FILE as u64 {
        return Err(vec![fault(format!("the file has {size} bytes, at most {}", super::LONGEST_FILE))]);
    }
    let text = std::fs::read_to_string(path).map_err(|error| vec![fault(format!("cannot be read: {error}"))])?;
    Recipe::parse(&text)
}
