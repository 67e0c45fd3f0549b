//! The bootstraps of Python and Node.js as they lie in a sandbox.

/// Python's: every start compiles the first and that of JSON, the others are imported when they are needed.
pub(crate) static PYTHON: &[(&str, &str)] = &[
    ("/var/runtime/bootstrap.py", include_str!("../bootstraps/python/bootstrap.py")),
    ("/var/runtime/weft_context.py", include_str!("../bootstraps/python/weft_context.py")),
    ("/var/runtime/weft_errors.py", include_str!("../bootstraps/python/weft_errors.py")),
    ("/var/runtime/weft_json.py", include_str!("../bootstraps/python/weft_json.py")),
    ("/var/runtime/weft_logs.py", include_str!("../bootstraps/python/weft_logs.py")),
    ("/var/runtime/weft_wait.py", include_str!("../bootstraps/python/weft_wait.py")),
];

/// Modules of Node.js in one file: to find and open them one by one would make every start 1 ms slower.
macro_rules! bundle {
    ($main:literal, $($part:literal),*) => {
        concat!(
            "'use strict';\nconst parts = {\n",
            $("'./", $part, "': (module, exports, require) => {\n", include_str!(concat!("../bootstraps/node/", $part)), "},\n",)*
            "};\nconst made = {};\nfunction part(name) {\n  if (!(name in parts)) return require(name);\n  if (!made[name]) {\n",
            "    made[name] = { exports: {} };\n    parts[name](made[name], made[name].exports, requirePart);\n  }\n",
            "  return made[name].exports;\n}\nconst requirePart = Object.assign(part, { resolve: require.resolve });\n",
            "((require) => {\n", include_str!(concat!("../bootstraps/node/", $main)), "})(requirePart);\n"
        )
    };
}

/// Node.js's.
pub(crate) static NODE: &[(&str, &str)] = &[(
    "/var/runtime/bootstrap.cjs",
    bundle!(
        "main.cjs",
        "classic.cjs",
        "context.cjs",
        "errors.cjs",
        "loader.cjs",
        "logs.cjs",
        "modern.cjs",
        "store.cjs",
        "streaming.cjs"
    ),
)];
