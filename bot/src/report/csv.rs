//! A report as a table for spreadsheets.

use super::{Became, Count, Report};

/// What marks a text as UTF-8 for spreadsheets, which otherwise show Chinese as garbage.
const MARK: &str = "\u{feff}";
/// Beginnings by which a spreadsheet takes a cell for a formula.
const FORMULA: [char; 6] = ['=', '+', '-', '@', '\t', '\r'];

/// A row for each figure: its section, what it is about, which figure, and its value.
///
/// # Errors
/// Never in practice: the table is written into memory.
pub fn csv(report: &Report) -> Result<String, csv::Error> {
    let mut writer = csv::Writer::from_writer(Vec::new());
    writer.write_record(["section", "name", "figure", "value"])?;
    for (section, name, figure, value) in rows(report) {
        writer.write_record([section, &harmless(&name), figure, &value])?;
    }
    let bytes = writer.into_inner().map_err(|problem| csv::Error::from(problem.into_error()))?;
    Ok(format!("{MARK}{}", String::from_utf8_lossy(&bytes)))
}

type Row = (&'static str, String, &'static str, String);

fn rows(report: &Report) -> Vec<Row> {
    let mut rows = figures("total", "", &report.became);
    let total = |figure, value: String| ("total", String::new(), figure, value);
    rows.extend([
        total("escalated", report.escalated.to_string()),
        total("high_risk", report.high_risk.to_string()),
        total("automatic", report.automatic.to_string()),
        total("replies", report.evidence.replies.to_string()),
        total("complete_evidence", report.evidence.complete.to_string()),
    ]);
    rows.extend(report.edit_distance.map(|mean| total("edit_distance", format!("{mean:.1}"))));
    if let Some(quality) = &report.confidence {
        rows.push(total("brier", format!("{:.4}", quality.brier)));
        rows.push(total("ece", format!("{:.4}", quality.ece)));
    }
    rows.extend(report.intents.iter().flat_map(|intent| figures("intent", &intent.name, &intent.became)));
    let lists = [
        ("missing_evidence", &report.evidence.missing),
        ("reject_reason", &report.reasons),
        ("risky_word", &report.risky),
        ("good_knowledge", &report.good),
        ("missing_knowledge", &report.missing),
    ];
    rows.extend(lists.into_iter().flat_map(|(section, counts)| counted(section, counts)));
    let always = report.always_escalated.iter();
    rows.extend(always.map(|name| ("always_escalated", name.clone(), "times", String::new())));
    for reviewer in &report.reviewers {
        rows.push(("reviewer", reviewer.id.clone(), "decisions", reviewer.decisions.to_string()));
        rows.push(("reviewer", reviewer.id.clone(), "median_seconds", reviewer.median_seconds.to_string()));
    }
    rows
}

fn figures(section: &'static str, name: &str, became: &Became) -> Vec<Row> {
    let Became { drafts, decided, unchanged, changed, rejected, taken_over } = *became;
    let named = [
        ("drafts", drafts),
        ("decided", decided),
        ("unchanged", unchanged),
        ("changed", changed),
        ("rejected", rejected),
        ("taken_over", taken_over),
    ];
    named.into_iter().map(|(figure, value)| (section, name.to_owned(), figure, value.to_string())).collect()
}

fn counted<'a>(section: &'static str, counts: &'a [Count]) -> impl Iterator<Item = Row> + 'a {
    counts.iter().map(move |count| (section, count.name.clone(), "times", count.times.to_string()))
}

/// A customer's words in a cell, which no spreadsheet takes for a formula.
fn harmless(cell: &str) -> String {
    if cell.starts_with(FORMULA) { format!("'{cell}") } else { cell.to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_cell_is_a_formula() {
        for cell in ["=1+1", "+86", "-1", "@SUM(A1)", "\t=1", "\r=1"] {
            assert_eq!(harmless(cell), format!("'{cell}"));
        }
        assert_eq!(harmless("包邮吗"), "包邮吗");
    }

    #[test]
    fn customers_words_stay_in_their_cell() {
        let gap = |question: &str| Count { name: question.into(), times: 2 };
        let missing = vec![gap("=HYPERLINK(\"http://evil\")"), gap("两行\n\"引号\",逗号")];
        let text = csv(&Report { missing, ..Report::default() }).unwrap();
        assert!(text.starts_with("\u{feff}section,name,figure,value\n"), "{text}");
        let mut reader = csv::Reader::from_reader(text.trim_start_matches(MARK).as_bytes());
        let records: Vec<csv::StringRecord> = reader.records().map(Result::unwrap).collect();
        let names: Vec<&str> = records.iter().filter(|row| &row[0] == "missing_knowledge").map(|row| &row[1]).collect();
        assert_eq!(names, ["'=HYPERLINK(\"http://evil\")", "两行\n\"引号\",逗号"]);
    }
}
