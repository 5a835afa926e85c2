//! YAML as SOPS prints it, without the comments: block style, one scalar a line, literal blocks.

/// The lines of `text` that carry data. Only for text that SOPS printed.
pub(crate) fn without_comments(text: &str) -> String {
    let mut kept = String::with_capacity(text.len());
    // Lines that belong to a literal block are deeper than this column.
    let mut literal: Option<usize> = None;
    let mut empty_lines = 0;
    for line in text.split_inclusive('\n') {
        let content = line.trim_end_matches('\n');
        if content.is_empty() {
            empty_lines += 1;
            continue;
        }
        let column = content.len() - content.trim_start_matches(' ').len();
        if literal.is_some_and(|parent| column > parent) {
            kept.extend(std::iter::repeat_n('\n', empty_lines));
            empty_lines = 0;
            kept.push_str(line);
            continue;
        }
        // Empty lines at the end of a literal block are data when it keeps them; elsewhere SOPS prints none but
        // beside comments.
        if literal.take().is_some() && block_keeps(&kept) {
            kept.extend(std::iter::repeat_n('\n', empty_lines));
        }
        empty_lines = 0;
        let data = data_of(content);
        if data.is_empty() {
            continue;
        }
        kept.push_str(data);
        kept.push('\n');
        if opens_block(data) {
            literal = Some(parent_column(data));
        }
    }
    if literal.is_some() && block_keeps(&kept) {
        kept.extend(std::iter::repeat_n('\n', empty_lines));
    }
    kept
}

/// The last block header of `kept` has the indicator `+`.
fn block_keeps(kept: &str) -> bool {
    kept.lines()
        .rev()
        .find(|line| opens_block(line))
        .is_some_and(|line| line.ends_with('+'))
}

/// A line up to its comment.
fn data_of(line: &str) -> &str {
    let mut quote = None;
    let mut before = ' ';
    let mut token_start = true;
    let mut characters = line.char_indices().peekable();
    while let Some((at, character)) = characters.next() {
        match quote {
            Some('"') if character == '\\' => {
                characters.next();
            }
            Some('\'')
                if character == '\'' && characters.next_if(|(_, next)| *next == '\'').is_some() => {
            }
            Some(open) if character == open => quote = None,
            Some(_) => {}
            None if token_start && matches!(character, '"' | '\'') => quote = Some(character),
            None if character == '#' && matches!(before, ' ' | '\t') => {
                return line[..at].trim_end();
            }
            None => {}
        }
        token_start = match character {
            ' ' => token_start || matches!(before, ':' | '-' | '?'),
            '-' | '?' | ':' => token_start,
            _ => false,
        };
        before = character;
    }
    line
}

fn opens_block(data: &str) -> bool {
    let header = data.rsplit(' ').next().unwrap_or_default();
    header
        .strip_prefix('|')
        .is_some_and(|rest| rest.chars().all(|c| matches!(c, '0'..='9' | '+' | '-')))
}

/// The column of the innermost collection on a line: behind `- ` and `? ` when a key follows.
fn parent_column(data: &str) -> usize {
    let mut column = data.len() - data.trim_start_matches(' ').len();
    while let Some(rest) = data[column..].strip_prefix("- ") {
        let rest_trimmed = rest.trim_start_matches(' ');
        if rest_trimmed.starts_with('|') {
            break;
        }
        column = data.len() - rest_trimmed.len();
    }
    column
}

#[cfg(test)]
mod tests {
    use super::without_comments;

    #[test]
    fn own_lines_and_trailing_comments_go() {
        let text = "# top\n\na: 1 # beside\nb:\n    # inside\n    - x # y\n    - \"q # kept\" # gone\n    - 'it''s # kept'\n# end\n";
        assert_eq!(
            without_comments(text),
            "a: 1\nb:\n    - x\n    - \"q # kept\"\n    - 'it''s # kept'\n"
        );
    }

    #[test]
    fn lines_of_literal_blocks_stay() {
        let text = "a: |\n    # text\n\n    more\n# gone\nb:\n    - |-\n        x # y\n    - k: |+\n        z\n\n    - w\n";
        let data = "a: |\n    # text\n\n    more\nb:\n    - |-\n        x # y\n    - k: |+\n        z\n\n    - w\n";
        assert_eq!(without_comments(text), data);
    }

    #[test]
    fn hashes_inside_plain_words_and_escaped_quotes_stay() {
        let text = "a#b: c#d\n\"k\\\" # x\": \"v\\\\\" # gone\n";
        assert_eq!(
            without_comments(text),
            "a#b: c#d\n\"k\\\" # x\": \"v\\\\\"\n"
        );
    }
}
