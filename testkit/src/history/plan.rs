//! What each client does, drawn from the seed.

use fastrand::Rng;

/// A kind of operation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[expect(missing_docs, reason = "each is named after its operation")]
pub enum Step {
    QuaveCreate,
    QuaveGet,
    QuaveDelete,
    QuaveList,
    QuaveCurrent,
    QuaveChoose,
    GolemCreate,
    GolemGet,
    GolemUpdate,
    GolemDelete,
    GolemFind,
    GolemPlan,
    E24Create,
    E24List,
    E24Get,
    E24Data,
    E24Password,
    E24AddKey,
    E24RenewKey,
    E24RenewS3,
    E24DeleteKey,
    E24AddSsh,
    E24DeleteSsh,
    HubGet,
    HubUpdate,
    HubList,
    HubAdd,
    HubChange,
    HubDelete,
    OAuthAuthorize,
    OAuthRedeem,
    OAuthRefresh,
    OAuthIntrospect,
    OAuthRevoke,
    TokenCreate,
    TokenList,
    TokenGet,
    TokenOwn,
    TokenRotate,
    TokenRevoke,
    GrantList,
    GrantRevoke,
    TokenIntrospect,
    SelfGet,
    SelfUpdate,
    SelfPassword,
    SelfEmails,
    SelfAddEmail,
    SelfMakePrimary,
    SelfDeleteEmail,
    SelfListKeys,
    SelfAddKey,
    SelfDeleteKey,
    SelfListSsh,
    SelfAddSsh,
    SelfDeleteSsh,
    SelfAudit,
    RequestSignUp,
    RequestProof,
    RequestReset,
    FollowLink,
    Guess,
    Nothing,
}

/// How often each comes. Passwords are dear on purpose, so what hashes one is rare.
const OFTEN: &[(Step, u16)] = &[
    (Step::QuaveCreate, 30),
    (Step::QuaveGet, 40),
    (Step::QuaveDelete, 25),
    (Step::QuaveList, 30),
    (Step::QuaveCurrent, 40),
    (Step::QuaveChoose, 40),
    (Step::GolemCreate, 40),
    (Step::GolemGet, 30),
    (Step::GolemUpdate, 60),
    (Step::GolemDelete, 20),
    (Step::GolemFind, 30),
    (Step::GolemPlan, 10),
    (Step::E24Create, 12),
    (Step::E24List, 20),
    (Step::E24Get, 40),
    (Step::E24Data, 50),
    (Step::E24Password, 5),
    (Step::E24AddKey, 15),
    (Step::E24RenewKey, 15),
    (Step::E24RenewS3, 5),
    (Step::E24DeleteKey, 12),
    (Step::E24AddSsh, 12),
    (Step::E24DeleteSsh, 12),
    (Step::HubGet, 40),
    (Step::HubUpdate, 50),
    (Step::HubList, 60),
    (Step::HubAdd, 60),
    (Step::HubChange, 60),
    (Step::HubDelete, 60),
    (Step::OAuthAuthorize, 5),
    (Step::OAuthRedeem, 10),
    (Step::OAuthRefresh, 12),
    (Step::OAuthIntrospect, 12),
    (Step::OAuthRevoke, 5),
    (Step::TokenCreate, 25),
    (Step::TokenList, 20),
    (Step::TokenGet, 20),
    (Step::TokenOwn, 10),
    (Step::TokenRotate, 15),
    (Step::TokenRevoke, 18),
    (Step::GrantList, 12),
    (Step::GrantRevoke, 4),
    (Step::TokenIntrospect, 10),
    (Step::SelfGet, 25),
    (Step::SelfUpdate, 25),
    (Step::SelfPassword, 3),
    (Step::SelfEmails, 30),
    (Step::SelfAddEmail, 30),
    (Step::SelfMakePrimary, 30),
    (Step::SelfDeleteEmail, 25),
    (Step::SelfListKeys, 12),
    (Step::SelfAddKey, 8),
    (Step::SelfDeleteKey, 8),
    (Step::SelfListSsh, 12),
    (Step::SelfAddSsh, 8),
    (Step::SelfDeleteSsh, 8),
    (Step::SelfAudit, 12),
    (Step::RequestSignUp, 14),
    (Step::RequestProof, 25),
    (Step::RequestReset, 8),
    (Step::FollowLink, 60),
    (Step::Guess, 20),
    (Step::Nothing, 3),
];

/// The operations of one client, each with the seed of the choices that it makes when its turn
/// comes.
pub fn plan(seed: u64, client: usize, length: usize) -> Vec<(Step, u64)> {
    let own = seed.wrapping_mul(1_000_003).wrapping_add(client as u64);
    let mut rng = Rng::with_seed(own);
    (0..length).map(|_| (drawn(&mut rng), rng.u64(..))).collect()
}

fn drawn(rng: &mut Rng) -> Step {
    let all: u16 = OFTEN.iter().map(|(_, often)| often).sum();
    let mut left = rng.u16(..all);
    for (step, often) in OFTEN {
        if left < *often {
            return *step;
        }
        left -= often;
    }
    unreachable!("the number is below the sum of all")
}
