//! Items that are read in the same round trip as the credential.

use super::key::Key;
use super::read::Items;
use crate::Result;
use crate::model::UserId;

/// Items to fetch in the same round trip as the credential. Only the table can implement it, since
/// nothing else can make a key.
pub trait Fetch {
    /// The parsed items.
    type Output;

    /// The keys to fetch for `caller`.
    fn keys(&self, caller: UserId) -> Vec<Key>;

    /// Takes the result from the fetched items.
    fn extract(self, caller: UserId, items: &mut Items) -> Result<Self::Output>;
}

/// Fetches nothing.
impl Fetch for () {
    type Output = ();

    fn keys(&self, _: UserId) -> Vec<Key> {
        Vec::new()
    }

    fn extract(self, _: UserId, _: &mut Items) -> Result<()> {
        Ok(())
    }
}

/// Two fetches in one round trip.
pub struct Both<A, B>(pub(in crate::table) A, pub(in crate::table) B);

impl<A: Fetch, B: Fetch> Fetch for Both<A, B> {
    type Output = (A::Output, B::Output);

    fn keys(&self, caller: UserId) -> Vec<Key> {
        let mut keys = self.0.keys(caller);
        keys.extend(self.1.keys(caller));
        keys
    }

    fn extract(self, caller: UserId, items: &mut Items) -> Result<Self::Output> {
        Ok((self.0.extract(caller, items)?, self.1.extract(caller, items)?))
    }
}
