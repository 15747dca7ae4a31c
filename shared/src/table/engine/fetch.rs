//! What a request reads beside its credential.

use super::key::Key;
use super::read::Items;
use crate::Result;
use crate::model::UserId;

/// Something that is fetched in the same round as the credential. Only the table can implement it, since nobody else
/// can spell a key.
pub trait Fetch {
    /// What comes of it.
    type Output;

    /// The keys to fetch when `caller` asks.
    fn keys(&self, caller: UserId) -> Vec<Key>;

    /// Picks from what was fetched.
    fn pick(self, caller: UserId, items: &mut Items) -> Result<Self::Output>;
}

/// Nothing more.
impl Fetch for () {
    type Output = ();

    fn keys(&self, _: UserId) -> Vec<Key> {
        Vec::new()
    }

    fn pick(self, _: UserId, _: &mut Items) -> Result<()> {
        Ok(())
    }
}

/// Both at once.
impl<A: Fetch, B: Fetch> Fetch for (A, B) {
    type Output = (A::Output, B::Output);

    fn keys(&self, caller: UserId) -> Vec<Key> {
        let mut keys = self.0.keys(caller);
        keys.extend(self.1.keys(caller));
        keys
    }

    fn pick(self, caller: UserId, items: &mut Items) -> Result<Self::Output> {
        Ok((self.0.pick(caller, items)?, self.1.pick(caller, items)?))
    }
}
