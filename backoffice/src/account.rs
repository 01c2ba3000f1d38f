//! One account of a shop's back office.

use url::Url;

use crate::address::is_private_literal;

/// An account: one browser and one profile belong to it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Account {
    id: String,
    origin: String,
    private: bool,
}

/// Why an account is not taken.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum WrongAccount {
    /// Its address is not the beginning of one.
    #[error("{0} is no address of a site: write https://host, without a path")]
    Address(String),
    /// Its address is not public.
    #[error("{0} is not a public https address: only an account marked as private may have such a one")]
    Private(String),
}

impl Account {
    /// An account `id` at a site, as in `https://seller.example.com`. Only where `private` is set may the site be
    /// without TLS or at an address that is not public: a shop's own network, or a test.
    ///
    /// # Errors
    /// [`WrongAccount`], in words for whoever configures it.
    pub fn new(id: &str, address: &str, private: bool) -> Result<Account, WrongAccount> {
        let wrong = || WrongAccount::Address(address.to_owned());
        let url = Url::parse(address).map_err(|_| wrong())?;
        let plain = url.path() == "/" && url.query().is_none() && url.fragment().is_none() && url.username().is_empty();
        if !plain || !matches!(url.scheme(), "http" | "https") || url.host().is_none() {
            return Err(wrong());
        }
        if !private && (url.scheme() != "https" || is_private_literal(&url)) {
            return Err(WrongAccount::Private(address.to_owned()));
        }
        Ok(Account { id: id.to_owned(), origin: url.origin().ascii_serialization(), private })
    }

    /// Its id.
    pub fn id(&self) -> &str {
        &self.id
    }

    /// Its site: `scheme://host[:port]`.
    pub fn origin(&self) -> &str {
        &self.origin
    }

    /// Whether its site may be at an address that is not public.
    pub(crate) fn is_private(&self) -> bool {
        self.private
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_public_https_site_is_taken_unless_it_is_said() {
        let taken = |address, private| Account::new("flagship", address, private).map(|account| account.origin);
        assert_eq!(taken("https://Seller.Example.com/", false).unwrap(), "https://seller.example.com");
        assert_eq!(taken("http://127.0.0.1:8080", true).unwrap(), "http://127.0.0.1:8080");
        for address in
            ["http://seller.example.com", "https://10.0.0.1", "https://0x7f.1", "https://[::1]", "https://intranet"]
        {
            assert_eq!(taken(address, false), Err(WrongAccount::Private(address.to_owned())), "{address}");
        }
        for address in ["seller.example.com", "https://seller.example.com/x", "https://u:p@x.example", "file:///etc"] {
            assert_eq!(taken(address, true), Err(WrongAccount::Address(address.to_owned())), "{address}");
        }
    }
}
