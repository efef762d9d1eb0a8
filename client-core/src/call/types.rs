//! The calls in TypeScript.

use std::any::TypeId;
use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::fmt::Write as _;

use ts_rs::{Config, TS, TypeVisitor};

/// Collects declarations.
pub struct Types {
    config: Config,
    seen: HashSet<TypeId>,
    declared: BTreeMap<String, String>,
    /// Names that another file declares, and which.
    elsewhere: BTreeMap<String, BTreeSet<String>>,
    calls: String,
}

impl Default for Types {
    fn default() -> Self {
        Self {
            // Every number that travels is smaller than 2^53.
            config: Config::new().with_large_int("number"),
            seen: HashSet::new(),
            declared: BTreeMap::new(),
            elsewhere: BTreeMap::new(),
            calls: String::new(),
        }
    }
}

impl TypeVisitor for Types {
    fn visit<T: TS + 'static + ?Sized>(&mut self) {
        if !self.seen.insert(TypeId::of::<T>()) {
            return;
        }
        // Only what is derived has a place of its own.
        if T::output_path().is_some() {
            let docs = T::docs().unwrap_or_default();
            let declaration = T::decl(&self.config);
            self.declared.insert(
                T::ident(&self.config),
                format!("{docs}export {declaration}\n"),
            );
        }
        T::visit_dependencies(self);
        T::visit_generics(self);
    }
}

impl Types {
    /// Name of a type, which is declared with all that it is made of.
    pub fn name<T: TS + 'static>(&mut self) -> String {
        self.visit::<T>();
        T::name(&self.config)
    }

    /// What was declared so far is in another file of this name; the calls are left out.
    pub fn import(&mut self, file: &str) {
        let names = std::mem::take(&mut self.declared).into_keys();
        self.elsewhere
            .entry(file.to_owned())
            .or_default()
            .extend(names);
        self.calls.clear();
    }

    /// Declares a call whose parameters are those of a table.
    pub fn call(&mut self, method: &str, docs: &[&str], params: &[(&str, String)], result: &str) {
        let params: Vec<String> = params
            .iter()
            .map(|(name, kind)| match kind.strip_suffix(" | null") {
                Some(_) => format!("{name}?: {kind}"),
                None => format!("{name}: {kind}"),
            })
            .collect();
        let params = match params.is_empty() {
            true => "Record<string, never>".to_owned(),
            false => format!("{{ {} }}", params.join("; ")),
        };
        self.call_with(method, docs, &params, result);
    }

    /// Declares a call.
    pub fn call_with(&mut self, method: &str, docs: &[&str], params: &str, result: &str) {
        let docs: Vec<&str> = docs.iter().map(|line| line.trim()).collect();
        // Writing to a string cannot fail.
        let _ = write!(
            self.calls,
            "  /** {} */\n  {method}: {{\n    params: {params};\n    result: {result};\n  }};\n",
            docs.join(" "),
        );
    }

    /// All declarations: types in order of name, then the map of calls under `name`.
    #[must_use]
    pub fn finish(self, name: &str) -> String {
        let mut text = String::from(
            "// Made from the Rust types by a test: `cargo xtask types` makes it anew.\n\n",
        );
        let mut body = String::new();
        for declaration in self.declared.values() {
            body.push_str(declaration);
            body.push('\n');
        }
        let _ = write!(
            body,
            "/** Every call: its parameters and its result. */\nexport interface {name} {{\n{}}}\n",
            self.calls
        );
        let code = without_comments(&body);
        let words: HashSet<&str> = code
            .split(|c: char| !c.is_alphanumeric() && c != '_')
            .collect();
        for (file, names) in &self.elsewhere {
            let used: Vec<&str> = names
                .iter()
                .map(String::as_str)
                .filter(|name| words.contains(name))
                .collect();
            if !used.is_empty() {
                let _ = write!(
                    text,
                    "import type {{ {} }} from \"{file}\";\n\n",
                    used.join(", ")
                );
            }
        }
        text + &body
    }
}

/// Names of types stand in comments, too, where they are mere words.
fn without_comments(text: &str) -> String {
    let mut parts = text.split("/*");
    let mut code = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        // A space: what stands on either side are two words.
        code.push(' ');
        code.push_str(part.split_once("*/").map_or("", |(_, rest)| rest));
    }
    code
}

/// Declares all calls and events of this crate.
pub fn declare(types: &mut Types) {
    super::conversations::declare(types);
    super::messages::declare(types);
    super::files::declare(types);
    super::people::declare(types);
    super::organisation::declare(types);
    super::trust::declare(types);
    super::search::declare(types);
    types.visit::<crate::api::Event>();
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A type that one file declares.
    #[derive(TS)]
    #[expect(dead_code, reason = "only declared")]
    struct Platform {
        name: String,
    }

    /// Says Platform, and is made of none.
    #[derive(TS)]
    #[expect(dead_code, reason = "only declared")]
    struct Words {
        /// Platform, as people call it.
        text: String,
    }

    fn second_file(declare: impl FnOnce(&mut Types)) -> String {
        let mut types = Types::default();
        types.visit::<Platform>();
        types.import("./first");
        declare(&mut types);
        types.finish("Calls")
    }

    #[test]
    fn a_word_of_a_comment_is_no_type() {
        let text = second_file(|types| types.visit::<Words>());
        assert!(text.contains("Platform, as people call it"), "{text}");
        assert!(!text.contains("import"), "{text}");
        let text = second_file(|types| {
            let result = types.name::<Platform>();
            types.call("platform", &["Tells the Platform."], &[], &result);
        });
        let import = "import type { Platform } from \"./first\";";
        assert!(text.contains(import), "{text}");
    }

    #[test]
    fn what_is_no_comment_stays() {
        assert_eq!(without_comments("a/* b */c /** d\n * e */ f"), "a c   f");
        assert_eq!(without_comments("none"), "none");
        assert_eq!(without_comments("a /* never ends"), "a  ");
    }
}
