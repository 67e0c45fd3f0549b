//! A model's names as Rust's.

/// `KMSKeyArn` → `kms_key_arn`.
pub(crate) fn snake(name: &str) -> String {
    let letters: Vec<char> = name.chars().collect();
    let mut text = String::new();
    for (index, &letter) in letters.iter().enumerate() {
        let before = index.checked_sub(1).map(|i| letters[i]);
        let after = letters.get(index + 1);
        let starts_word = letter.is_ascii_uppercase()
            && before.is_some_and(|b| {
                b.is_ascii_lowercase()
                    || b.is_ascii_digit()
                    || b.is_ascii_uppercase() && after.is_some_and(char::is_ascii_lowercase)
            });
        if starts_word && !text.ends_with('_') {
            text.push('_');
        }
        text.push(if letter.is_ascii_alphanumeric() { letter.to_ascii_lowercase() } else { '_' });
    }
    text
}

/// A field's identifier: snake case, escaped where it is a keyword.
pub(crate) fn field(name: &str) -> String {
    let name = snake(name);
    match name.as_str() {
        "self" | "super" | "crate" => format!("{name}_"),
        "as" | "async" | "await" | "break" | "const" | "continue" | "dyn" | "else" | "enum" | "extern"
        | "false" | "fn" | "for" | "gen" | "if" | "impl" | "in" | "let" | "loop" | "match" | "mod"
        | "move" | "mut" | "pub" | "ref" | "return" | "static" | "struct" | "trait" | "true" | "type"
        | "unsafe" | "use" | "where" | "while" | "abstract" | "become" | "box" | "do" | "final" | "macro"
        | "override" | "priv" | "try" | "typeof" | "unsized" | "virtual" | "yield" => format!("r#{name}"),
        _ => name,
    }
}

/// A structure's identifier: the model's name with a capital first.
pub(crate) fn structure(name: &str) -> String {
    let mut letters = name.chars();
    letters.next().map(|first| first.to_ascii_uppercase()).into_iter().chain(letters).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_become_fields() {
        let check = |name: &str, expected: &str| assert_eq!(field(name), expected);
        check("FunctionName", "function_name");
        check("KMSKeyArn", "kms_key_arn");
        check("CodeSha256", "code_sha256");
        check("S3Bucket", "s3_bucket");
        check("logGroupName", "log_group_name");
        check("VPCConfig", "vpc_config");
        check("Type", "r#type");
        check("Self", "self_");
        check("IPv6CidrBlock", "i_pv6_cidr_block");
        assert_eq!(structure("policyDetail"), "PolicyDetail");
    }
}
