//! A stranger guesses at a name.

use crate::history::client_step::{ClientStep, Ended, SentCredential, Transport};

/// Wrong passwords that are looked at before the name is locked. A round is shorter than the time
/// for which they count.
const MAX_WRONG: usize = 10;

impl<W: Transport> ClientStep<'_, W> {
    /// All clients send wrong passwords for a name that nobody has: no more are looked at than one
    /// name takes, however many come at once and whatever fails meanwhile.
    pub(super) async fn guess(&mut self) {
        let name =
            self.shared.known().users.first().map(|user| user.username.replacen('h', "x", 1));
        let name = name.unwrap_or_default();
        let (user, password) = (String::new(), self.label.clone());
        // An address: its rejection says nothing of a user.
        let guess = SentCredential::Basic { user, name: format!("{name}@example.com"), password };
        let path = "/rollcall/v1/tokens";
        let seen = self.send_json("rollcall-list-tokens", &guess, "GET", path, None).await;
        if seen.status() == 401 {
            let mut known = self.shared.known();
            known.wrong_guesses += 1;
            let count = known.wrong_guesses;
            drop(known);
            if count > MAX_WRONG {
                self.wrong(&seen, "is one wrong password too many");
            }
        }
        match self.ended(&seen) {
            Ended::With(_) => self.note_wrong(seen),
            end => self.note_end(seen, &end),
        }
    }
}
