//! What a language model was asked for on a day, for each conversation and for the whole desk, over all instances.

use sqlx::FromRow;

use super::Tx;
use crate::args;
use crate::clock::SECOND;
use crate::desk::{DailyBudget, micros_of};

/// The name under which the whole desk is counted.
pub const DESK: &str = "";

/// What was asked of a model.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, FromRow)]
pub struct Spent {
    /// Questions.
    pub calls: i64,
    /// Tokens asked.
    pub tokens_in: i64,
    /// Tokens answered.
    pub tokens_out: i64,
    /// Money, in millionths.
    pub micros: i64,
    /// Waiting, in milliseconds.
    pub ms: i64,
    /// Questions that were not asked, since the budget was spent.
    pub refused: i64,
}

impl Spent {
    /// Whether it is more than a budget has; of time, which nobody knows before, whether nothing is left.
    pub fn exceeds(self, budget: &DailyBudget) -> bool {
        let limit = |limit: u64| i64::try_from(limit).unwrap_or(i64::MAX);
        let tokens = budget.tokens.is_some_and(|most| self.tokens_in.saturating_add(self.tokens_out) > limit(most));
        let money = budget.money.is_some_and(|most| self.micros > micros_of(most));
        let time = budget.seconds.is_some_and(|most| self.ms >= limit(most).saturating_mul(SECOND));
        tokens || money || time
    }

    /// What is to be added to come from `other` to this.
    pub fn beyond(self, other: Self) -> Self {
        Self {
            calls: self.calls - other.calls,
            tokens_in: self.tokens_in - other.tokens_in,
            tokens_out: self.tokens_out - other.tokens_out,
            micros: self.micros - other.micros,
            ms: self.ms - other.ms,
            refused: self.refused - other.refused,
        }
    }
}

/// Adds to what a conversation, or [`DESK`], spent on a day, and gives all of it. Until the unit ends, no other adds.
pub async fn add(tx: &mut Tx, day: &str, conversation: &str, more: Spent) -> sqlx::Result<Spent> {
    let sql = "INSERT INTO model_spending (day, conversation, calls, tokens_in, tokens_out, micros, ms, refused)
               VALUES ($1, $2, $3, $4, $5, $6, $7, $8)
               ON CONFLICT (day, conversation) DO UPDATE SET calls = model_spending.calls + excluded.calls,
               tokens_in = model_spending.tokens_in + excluded.tokens_in,
               tokens_out = model_spending.tokens_out + excluded.tokens_out,
               micros = model_spending.micros + excluded.micros, ms = model_spending.ms + excluded.ms,
               refused = model_spending.refused + excluded.refused";
    let Spent { calls, tokens_in, tokens_out, micros, ms, refused } = more;
    tx.run(sql, args![day, conversation, calls, tokens_in, tokens_out, micros, ms, refused]).await?;
    on(tx, day, conversation).await
}

/// What a conversation, or [`DESK`], spent on a day.
pub async fn on(tx: &mut Tx, day: &str, conversation: &str) -> sqlx::Result<Spent> {
    let sql = "SELECT calls, tokens_in, tokens_out, micros, ms, refused FROM model_spending
               WHERE day = $1 AND conversation = $2";
    Ok(tx.one(sql, args![day, conversation]).await?.unwrap_or_default())
}

/// How many conversations had a question on a day that was not asked, since their budget was spent.
pub async fn refused_on(tx: &mut Tx, day: &str) -> sqlx::Result<i64> {
    let sql = "SELECT COUNT(*) FROM model_spending WHERE day = $1 AND conversation <> '' AND refused > 0";
    Ok(tx.one::<(i64,)>(sql, args![day]).await?.map_or(0, |(count,)| count))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_limit_alone_ends_a_budget() {
        let spent = Spent { calls: 3, tokens_in: 600, tokens_out: 400, micros: 2_000_000, ms: 9_000, refused: 0 };
        let unlimited = DailyBudget::default();
        for (budget, ended) in [
            (unlimited, false),
            (DailyBudget { tokens: Some(1_000), ..unlimited }, false),
            (DailyBudget { tokens: Some(999), ..unlimited }, true),
            (DailyBudget { money: Some(2.0), ..unlimited }, false),
            (DailyBudget { money: Some(1.99), ..unlimited }, true),
            (DailyBudget { seconds: Some(10), ..unlimited }, false),
            (DailyBudget { seconds: Some(9), ..unlimited }, true),
        ] {
            assert_eq!(spent.exceeds(&budget), ended, "{budget:?}");
        }
    }
}
