//! Tables, for people, for a document and for programs.

use std::fmt::Write as _;

use serde_json::{Map, Value, json};

/// How tables are printed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Format {
    Text,
    Markdown,
    Json,
}

/// One table.
#[derive(Debug)]
pub(crate) struct Table {
    title: String,
    columns: Vec<&'static str>,
    rows: Vec<Vec<Cell>>,
    /// What stands below.
    notes: Vec<String>,
}

/// A field of a table.
#[derive(Debug, Clone)]
pub(crate) enum Cell {
    Text(String),
    /// A number and its decimals; NaN is shown as `–`.
    Number(f64, usize),
}

impl Cell {
    #[expect(clippy::cast_precision_loss, reason = "a small count")]
    pub(crate) fn count(count: usize) -> Self {
        Self::Number(count as f64, 0)
    }

    fn shown(&self) -> String {
        match self {
            Self::Text(text) => text.clone(),
            Self::Number(number, _) if !number.is_finite() => "–".to_owned(),
            Self::Number(number, decimals) => format!("{number:.decimals$}"),
        }
    }

    fn json(&self) -> Value {
        match self {
            Self::Text(text) => json!(text),
            Self::Number(number, _) => json!(number.is_finite().then_some(number)),
        }
    }
}

impl Table {
    pub(crate) fn new(title: impl Into<String>, columns: &[&'static str]) -> Self {
        Self { title: title.into(), columns: columns.to_vec(), rows: Vec::new(), notes: Vec::new() }
    }

    pub(crate) fn push(&mut self, row: Vec<Cell>) {
        self.rows.push(row);
    }

    /// Adds a line below the table.
    pub(crate) fn note(&mut self, text: impl Into<String>) {
        self.notes.push(text.into());
    }

    fn json(&self) -> Value {
        let row = |row: &Vec<Cell>| {
            let fields = self.columns.iter().zip(row).map(|(name, cell)| ((*name).to_owned(), cell.json()));
            Value::Object(fields.collect::<Map<_, _>>())
        };
        json!({
            "title": self.title, "rows": self.rows.iter().map(row).collect::<Vec<_>>(), "notes": self.notes,
        })
    }

    fn text(&self, format: Format) -> String {
        let shown: Vec<Vec<String>> =
            self.rows.iter().map(|row| row.iter().map(Cell::shown).collect()).collect();
        let width = |column: usize| {
            let cells = shown.iter().filter_map(|row| row.get(column)).map(|cell| cell.chars().count());
            cells.chain([self.columns[column].chars().count()]).max().unwrap_or(0)
        };
        let is_text =
            |column: usize| self.rows.iter().any(|row| matches!(row.get(column), Some(Cell::Text(_))));
        let line = |cells: Vec<&str>| {
            let padded = cells.iter().enumerate().map(|(column, cell)| {
                let width = width(column);
                if is_text(column) { format!("{cell:<width$}") } else { format!("{cell:>width$}") }
            });
            let padded: Vec<String> = padded.collect();
            if format == Format::Markdown { format!("| {} |", padded.join(" | ")) } else { padded.join("  ") }
        };
        let heading = if format == Format::Markdown { "### " } else { "" };
        let mut text = format!("{heading}{}\n\n{}\n", self.title, line(self.columns.clone()));
        if format == Format::Markdown {
            let rules = (0..self.columns.len()).map(|column| if is_text(column) { "---" } else { "---:" });
            let _ = writeln!(text, "| {} |", rules.collect::<Vec<_>>().join(" | "));
        }
        for row in &shown {
            let _ = writeln!(text, "{}", line(row.iter().map(String::as_str).collect()).trim_end());
        }
        for (number, note) in self.notes.iter().enumerate() {
            let gap = if number == 0 { "\n" } else { "" };
            let _ = writeln!(text, "{gap}- {note}");
        }
        text
    }
}

/// All tables in one text.
pub(crate) fn print(machine: &str, tables: &[Table], format: Format) -> String {
    if format == Format::Json {
        let tables: Vec<Value> = tables.iter().map(Table::json).collect();
        return format!("{}\n", json!({ "machine": machine, "tables": tables }));
    }
    let mut text = format!("{machine}\n");
    for table in tables {
        text.push('\n');
        text.push_str(&table.text(format));
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(format: Format, expected: &str) {
        let mut table = Table::new("Both", &["path", "µs"]);
        table.push(vec![Cell::Text("a".to_owned()), Cell::Number(1.26, 1)]);
        table.push(vec![Cell::Text("long".to_owned()), Cell::Number(f64::NAN, 1)]);
        table.note("not run: no Docker");
        assert_eq!(print("m", &[table], format), expected);
    }

    #[test]
    fn a_table_is_printed_for_each_reader() {
        check(Format::Text, "m\n\nBoth\n\npath   µs\na     1.3\nlong    –\n\n- not run: no Docker\n");
        check(
            Format::Markdown,
            "m\n\n### Both\n\n| path |  µs |\n| --- | ---: |\n| a    | 1.3 |\n| long |   – |\n\n- not run: no Docker\n",
        );
        check(
            Format::Json,
            "{\"machine\":\"m\",\"tables\":[{\"title\":\"Both\",\"rows\":[{\"path\":\"a\",\"µs\":1.26},{\"path\":\"long\",\"µs\":null}],\"notes\":[\"not run: no Docker\"]}]}\n",
        );
    }
}
