//! The table of published prices.

use std::collections::BTreeMap;

use anyhow::{Context, Result};
use serde::Deserialize;

/// All prices, of one region.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Prices {
    /// The region.
    pub region: String,
    prices: BTreeMap<String, Price>,
}

/// One price.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Price {
    /// What is paid for.
    pub what: String,
    /// As it is written, with all its digits.
    dollars: String,
    per: u32,
    unit: String,
    free: Option<String>,
    /// Where it was published.
    pub source: String,
    /// When.
    pub date: String,
    from_memory: Option<String>,
}

impl Prices {
    /// Reads the table.
    pub fn load() -> Result<Self> {
        yaml_serde::from_str(include_str!("prices.yaml")).context("cannot use prices.yaml")
    }

    /// The price as it is written, and how many units it is for.
    pub fn written(&self, name: &str) -> Result<(&str, u32)> {
        let price = self.price(name)?;
        Ok((&price.dollars, price.per))
    }

    /// What so many units cost.
    pub fn dollars(&self, name: &str, units: f64) -> Result<f64> {
        let price = self.price(name)?;
        let dollars: f64 = price.dollars.parse().with_context(|| format!("the price {name}"))?;
        Ok(dollars * units / f64::from(price.per))
    }

    /// Every price, those of one service together.
    pub fn all(&self) -> Vec<&Price> {
        let mut all: Vec<_> = self.prices.values().collect();
        all.sort_by(|one, other| one.what.cmp(&other.what));
        all
    }

    fn price(&self, name: &str) -> Result<&Price> {
        self.prices.get(name).with_context(|| format!("there is no price {name}"))
    }
}

impl Price {
    /// The price with its unit.
    pub fn rate(&self) -> String {
        match self.per {
            1 => format!("${} per {}", self.dollars, singular(&self.unit)),
            per => format!("${} per {} {}", self.dollars, thousands(per), self.unit),
        }
    }

    /// The free amount, and which part of the row was not looked up.
    pub fn notes(&self) -> String {
        let memory =
            self.from_memory.as_ref().map(|what| format!("from memory, not looked up: {what}"));
        self.free.iter().cloned().chain(memory).collect::<Vec<_>>().join("; ")
    }
}

fn singular(unit: &str) -> String {
    let (noun, rest) = unit
        .split_once(' ')
        .map_or((unit, String::new()), |(noun, rest)| (noun, format!(" {rest}")));
    format!("{}{rest}", noun.strip_suffix('s').unwrap_or(noun))
}

fn thousands(number: u32) -> String {
    let digits = number.to_string();
    let groups: Vec<_> = digits.as_bytes().rchunks(3).rev().map(String::from_utf8_lossy).collect();
    groups.join(",")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_price_is_a_number_with_a_source_and_a_date() {
        let prices = Prices::load().unwrap();

        for (name, price) in &prices.prices {
            assert!(prices.dollars(name, 1.0).unwrap() > 0.0, "{name}");
            assert!(!price.source.is_empty(), "{name}");
            let day = price.date.get(..10).unwrap_or_default();
            assert!(
                format!("{day}T00:00:00Z").parse::<shared::model::Timestamp>().is_ok(),
                "{name}: {}",
                price.date
            );
        }
    }

    #[test]
    fn a_price_is_for_as_many_units_as_it_says() {
        let prices = Prices::load().unwrap();

        assert!((prices.dollars("secret-reads", 20_000.0).unwrap() - 0.10).abs() < 1e-9);
        assert_eq!(prices.price("table-reads").unwrap().rate(), "$0.125 per 1,000,000 units");
        assert_eq!(prices.price("secrets").unwrap().rate(), "$0.40 per secret and month");
        assert!(prices.dollars("gold", 1.0).is_err());
    }
}
