//! What the language model took today, and whose budget is spent.

use super::Desk;
use crate::store::spending;
use crate::view::local_day;

/// The day's spending in a line, and one more where a budget is spent; nothing without a model.
pub(super) async fn today(desk: &mut Desk<'_, '_>) -> anyhow::Result<Vec<String>> {
    if desk.app.model.is_none() {
        return Ok(Vec::new());
    }
    let (words, configured) = (desk.desk.words(), &desk.desk.desk);
    let day = local_day(desk.app.clock.now(), &configured.desk.timezone);
    let all = spending::on(desk.tx, &day, spending::DESK).await?;
    let [calls, tokens] = [all.calls, all.tokens_in.saturating_add(all.tokens_out)].map(|count| count.to_string());
    let money =
        format!("{} {}.{:02}", configured.desk.currency, all.micros / 1_000_000, all.micros % 1_000_000 / 10_000);
    let mut lines = vec![words.text("status.model", &[("calls", &calls), ("tokens", &tokens), ("money", &money)])];
    if all.refused > 0 {
        lines.push(words.text("status.desk_budget", &[]));
    }
    let customers = spending::refused_on(desk.tx, &day).await?;
    if customers > 0 {
        lines.push(words.text("status.customer_budget", &[("count", &customers.to_string())]));
    }
    Ok(lines)
}
