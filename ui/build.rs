//! Compiles the window's `.slint` files, with their fonts and translations inside.

use slint_build::{CompilerConfiguration, DefaultTranslationContext, EmbedResourcesKind};

fn main() {
    println!("cargo::rerun-if-changed=lang");
    let release = std::env::var("PROFILE").is_ok_and(|profile| profile == "release");
    let config = CompilerConfiguration::new()
        .with_style("fluent-light".into())
        .embed_resources(EmbedResourcesKind::EmbedFiles)
        // One English text has one translation, wherever it stands.
        .with_default_translation_context(DefaultTranslationContext::None)
        .with_bundled_translations("lang")
        // Tests find controls by role and label, which needs element data.
        .with_debug_info(!release);
    slint_build::compile_with_config("slint/till.slint", config).expect("the .slint files compile");
}
