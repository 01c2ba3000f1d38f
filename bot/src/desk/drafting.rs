//! What is configured about the language model: what it costs, and how much of it a day may cost.

use serde::{Deserialize, Serialize};

/// Tokens that prices are for.
const MILLION: f64 = 1_000_000.0;

/// The model's prices and the day's budgets. Once one is spent, the built-in drafter writes until the next day of the
/// desk.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct DraftingBudgets {
    /// What a million tokens cost that are asked, in the desk's currency.
    pub price_in: f64,
    /// The same for tokens that are answered.
    pub price_out: f64,
    /// For each customer.
    pub customer: DailyBudget,
    /// For everybody together.
    pub desk: DailyBudget,
}

/// What may be spent on one day; without a number there is no limit.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct DailyBudget {
    /// Tokens, asked and answered.
    pub tokens: Option<u64>,
    /// Money, in the desk's currency.
    pub money: Option<f64>,
    /// Seconds of waiting for answers.
    pub seconds: Option<u64>,
}

impl Default for DraftingBudgets {
    fn default() -> Self {
        let customer = DailyBudget { tokens: Some(200_000), ..DailyBudget::default() };
        Self { price_in: 0.0, price_out: 0.0, customer, desk: DailyBudget::default() }
    }
}

impl DraftingBudgets {
    /// What so many tokens cost, in millionths of the desk's currency, rounded up.
    pub fn micros(&self, tokens_in: i64, tokens_out: i64) -> i64 {
        let each = |tokens: i64, price: f64| f64::from(u32::try_from(tokens.max(0)).unwrap_or(u32::MAX)) * price;
        let cost = (each(tokens_in, self.price_in) + each(tokens_out, self.price_out)) / MILLION;
        micros_of(cost)
    }
}

/// An amount of the desk's currency in millionths, rounded up; what is no amount is nothing.
#[allow(clippy::cast_possible_truncation)] // Saturates, and no amount of money comes near.
pub fn micros_of(amount: f64) -> i64 {
    if amount.is_finite() { (amount.max(0.0) * MILLION).ceil() as i64 } else { 0 }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tokens_cost_what_a_million_of_them_does() {
        let budgets = DraftingBudgets { price_in: 2.0, price_out: 8.0, ..DraftingBudgets::default() };
        assert_eq!(budgets.micros(1_000_000, 0), 2_000_000);
        assert_eq!(budgets.micros(1_000, 500), 6_000);
        assert_eq!(budgets.micros(1, 0), 2);
        assert_eq!((budgets.micros(-5, 0), micros_of(f64::NAN), micros_of(-1.0)), (0, 0, 0));
        assert_eq!(DraftingBudgets::default().micros(1_000, 1_000), 0);
    }
}
