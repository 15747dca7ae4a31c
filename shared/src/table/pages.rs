//! Pages of what a user has many of, oldest first.

use crate::Result;
use crate::model::{Timestamp, User, UserId};
use crate::table::engine::{Key, Keyed, Table, user_partition};

/// What is listed in pages.
pub(in crate::table) trait Paged: Keyed {
    /// Its identity among its user's; ids sort by their time of creation.
    type Id: Copy;
    /// The sort key prefix.
    const PREFIX: &'static str;

    fn id(&self) -> Self::Id;

    fn key_of(user: UserId, id: Self::Id) -> Key;

    /// Whether it works at `now`; else it is not listed.
    fn is_active(&self, user: &User, now: Timestamp) -> bool;
}

/// Items as they were read, oldest first. Some may be expired or revoked.
pub struct ReadItems<T> {
    items: Vec<T>,
    ended: bool,
}

/// One page.
pub struct Page<T, I> {
    /// The active items, oldest first.
    pub items: Vec<T>,
    /// The item to continue after, if more follow.
    pub next: Option<I>,
}

impl Table {
    /// Reads the items of a user after this one, for a page of `limit`.
    pub(in crate::table) async fn items_after<T: Paged>(
        &self,
        user: UserId,
        after: Option<T::Id>,
        limit: u8,
    ) -> Result<ReadItems<T>> {
        let last = after.map(|id| T::key_of(user, id));
        // One more than the page, to know whether another page follows.
        let count = i32::from(limit) + 1;
        let (items, ended) = self.query_page(user_partition(user), T::PREFIX, last, count).await?;
        Ok(ReadItems { items, ended })
    }

    /// A page of up to `limit` active items. Reads on if some of those read are not active: only
    /// the last page is shorter than `limit`.
    pub(in crate::table) async fn active_items<T: Paged>(
        &self,
        user: &User,
        mut read: ReadItems<T>,
        limit: u8,
    ) -> Result<Page<T, T::Id>> {
        let (now, page_size) = (Timestamp::now(), usize::from(limit));
        let mut items = Vec::new();
        loop {
            let last = read.items.last().map(Paged::id);
            items.extend(read.items.into_iter().filter(|item| item.is_active(user, now)));
            if read.ended || last.is_none() || items.len() > page_size {
                break;
            }
            read = self.items_after(user.id, last, limit).await?;
        }
        let more = items.len() > page_size;
        items.truncate(page_size);
        let next = items.last().map(Paged::id).filter(|_| more);
        Ok(Page { items, next })
    }
}
