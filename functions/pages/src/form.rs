//! Forms, and what is wrong with what was entered.

use maud::{Markup, Render, html};
use shared::auth::{FORM_ONCE, FORM_TOKEN, FORM_USER, presented_session};
use shared::http::{ApiRequest, Fields};
use shared::model::{SessionCredential, UserId};
use shared::{FieldError, Result, random};

use crate::words;

/// The hidden field with the tag of what a form was made from: its `If-Match`.
pub(crate) const VERSION: &str = "version";

/// A field that nobody sees: its name and its value.
pub(crate) type Hidden = (String, String);

/// The hidden field of a form that is done once: a second click shows what the first one made. All
/// forms of a page may have the same one.
pub(crate) fn once() -> Result<Hidden> {
    let number = u64::from_be_bytes(random::bytes()?);
    Ok((FORM_ONCE.to_owned(), format!("{number:016x}")))
}

/// A form. It is sent to the page's own URL unless it has a target.
#[derive(Default)]
pub(crate) struct Form<'a> {
    /// Part of its fields' ids, where a page has several forms with the same fields.
    pub(crate) id: &'a str,
    /// Where it is sent.
    pub(crate) target: Option<Target>,
    /// Fields that nobody sees.
    pub(crate) hidden: Vec<Hidden>,
    pub(crate) fields: Vec<Field<'a>>,
    pub(crate) button: &'a str,
    /// What was wrong with what was entered.
    pub(crate) errors: Vec<FieldError>,
    /// Whether it is a button among other things.
    pub(crate) is_inline: bool,
    /// Whether another form of the page is the one that most send.
    pub(crate) is_secondary: bool,
    /// Whether the first field has the focus, if none is wrong.
    pub(crate) has_focus: bool,
}

/// Where a form is sent, with what it carries in a session: the token that it takes there, and whose
/// session it is.
pub(crate) struct Target {
    path: String,
    session: Option<(String, UserId)>,
}

impl Target {
    /// A path, with its query, in the session of this request.
    pub(crate) fn new(request: &ApiRequest, path: impl Into<String>) -> Self {
        let path = path.into();
        let session = presented_session(request);
        Self { session: session.map(|session| carried(&session, &path)), path }
    }

    /// A path that takes no session.
    pub(crate) fn without_session(path: &str) -> Self {
        Self { path: path.to_owned(), session: None }
    }

    /// A path, with its query, in a session that has just begun.
    pub(crate) fn in_session(session: &SessionCredential, path: String) -> Self {
        Self { session: Some(carried(session, &path)), path }
    }
}

/// What a form of a session carries that is sent to this path.
fn carried(session: &SessionCredential, path: &str) -> (String, UserId) {
    (session.form_token(path), session.user())
}

/// A field of a form.
#[derive(Default)]
pub(crate) struct Field<'a> {
    pub(crate) name: &'static str,
    pub(crate) label: &'a str,
    pub(crate) hint: Option<&'a str>,
    pub(crate) input: Input<'a>,
    /// What was entered before.
    pub(crate) value: &'a str,
    /// What browsers fill in (HTML, section 4.10.18.7).
    pub(crate) autocomplete: &'static str,
    pub(crate) is_optional: bool,
    /// Whether another field of the form does as well.
    pub(crate) is_alternative: bool,
}

/// What is entered.
#[derive(Default, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Input<'a> {
    /// A name as people write it.
    #[default]
    Words,
    /// A name that no keyboard is to change.
    Name,
    Email,
    /// An http or https URL.
    Url,
    Phone,
    NewPassword,
    /// The password that somebody has.
    Password,
    Checkbox,
    /// A day.
    Date,
    /// Several lines.
    Lines,
    /// One of these: its value and what it is called.
    Choice(&'a [(&'a str, &'a str)]),
    /// Any of these. Each is a field of its own, named after this one and its value; what was
    /// entered are their values, with spaces between them.
    Checks(&'a [(&'a str, &'a str)]),
}

impl Input<'_> {
    /// The type of the `input`. Of an address or a URL it is not `email` or `url`: browsers reject
    /// some that are taken here, and send some as another text, stored ones too.
    const fn kind(self) -> &'static str {
        match self {
            Self::Words | Self::Name | Self::Email | Self::Url => "text",
            Self::Phone => "tel",
            Self::NewPassword | Self::Password => "password",
            Self::Checkbox => "checkbox",
            Self::Date => "date",
            Self::Lines | Self::Choice(_) | Self::Checks(_) => "",
        }
    }

    /// The keyboard of a phone, where the type does not say it.
    const fn input_mode(self) -> Option<&'static str> {
        match self {
            Self::Email => Some("email"),
            Self::Url => Some("url"),
            _ => None,
        }
    }

    /// The attributes that keep a keyboard from changing what is entered, and from learning a password
    /// that is shown.
    const fn is_exact(self) -> bool {
        matches!(self, Self::Name | Self::Email | Self::Url | Self::Phone | Self::Lines)
            || self.is_password()
    }

    const fn is_password(self) -> bool {
        matches!(self, Self::NewPassword | Self::Password)
    }
}

impl Form<'_> {
    pub(crate) const fn has_errors(&self) -> bool {
        !self.errors.is_empty()
    }

    pub(crate) fn takes_password(&self) -> bool {
        self.fields.iter().any(|field| field.input.is_password())
    }

    /// All errors, above the form; each leads to its field.
    pub(crate) fn summary(&self) -> Markup {
        html! {
            @if self.has_errors() {
                div role="alert" {
                    p { (words::ERRORS) }
                    ul {
                        @for error in &self.errors {
                            li { @match self.field(error) {
                                Some(field) => a href={ "#" (field.id(self.id)) } {
                                    (sentence(field.label, error))
                                },
                                // Of the form as a whole.
                                None if error.field().is_empty() => (error.text()),
                                None => (sentence(error.field(), error)),
                            } }
                        }
                    }
                }
            }
        }
    }

    fn field(&self, error: &FieldError) -> Option<&Field<'_>> {
        self.fields.iter().find(|field| field.name == error.field())
    }

    /// The number of the field that has the focus.
    fn focus(&self) -> Option<usize> {
        let wrong = |field: &Field<'_>| self.errors.iter().any(|error| error.field() == field.name);
        let first = (self.has_focus && !self.has_errors()).then_some(0);
        self.fields.iter().position(wrong).or(first)
    }
}

impl Render for Form<'_> {
    fn render(&self) -> Markup {
        let focus = self.focus();
        let session = self.target.as_ref().and_then(|target| target.session.as_ref());
        html! {
            form class=[self.is_inline.then_some("inline")] method="post" action=[self.target.as_ref().map(|target| &target.path)] {
                @if let Some((token, user)) = session {
                    input type="hidden" name=(FORM_TOKEN) value=(token);
                    input type="hidden" name=(FORM_USER) value=(user);
                }
                @for (name, value) in &self.hidden {
                    input type="hidden" name=(name) value=(value);
                }
                @for (number, field) in self.fields.iter().enumerate() {
                    @let error = self.errors.iter().find(|error| error.field() == field.name);
                    (field.render(self.id, error, focus == Some(number)))
                }
                @if self.is_inline { button type="submit" { (self.button) } }
                @else {
                    .buttons {
                        button class=[(!self.is_secondary).then_some("first")] type="submit" {
                            (self.button)
                        }
                    }
                }
            }
        }
    }
}

impl<'a> Field<'a> {
    /// The password that somebody chooses.
    pub(crate) fn new_password(label: &'a str) -> Self {
        Self {
            name: "password",
            label,
            hint: Some(words::PASSWORD_HINT),
            input: Input::NewPassword,
            autocomplete: "new-password",
            ..Self::default()
        }
    }
}

impl Field<'_> {
    /// Its id, in the form with this one.
    fn id(&self, form: &str) -> String {
        if form.is_empty() { self.name.to_owned() } else { format!("{}-{form}", self.name) }
    }

    fn render(&self, form: &str, error: Option<&FieldError>, has_focus: bool) -> Markup {
        let Self { name, label, hint, input, value, autocomplete, is_optional, is_alternative } =
            *self;
        let is_required = !is_optional && !is_alternative;
        let id = self.id(form);
        let described: Vec<String> = [("hint", hint.is_some()), ("error", error.is_some())]
            .into_iter()
            .filter(|(_, is_there)| *is_there)
            .map(|(part, _)| format!("{id}-{part}"))
            .collect();
        let described = described.join(" ");
        let described = Some(described.as_str()).filter(|described| !described.is_empty());
        let exact = input.is_exact();
        let min = (input == Input::NewPassword).then_some(shared::limits::MIN_PASSWORD);
        let notes = html! {
            @if let Some(hint) = hint { p.hint #{ (id) "-hint" } { (hint) } }
            @if let Some(error) = error {
                p.wrong #{ (id) "-error" } { (sentence(label, error)) }
            }
        };
        if let Input::Checks(choices) = input {
            let is_checked = |choice: &str| value.split(' ').any(|own| own == choice);
            return html! {
                fieldset #(id) tabindex="-1" aria-describedby=[described] {
                    legend { (label) }
                    (notes)
                    @for (choice, label) in choices {
                        label.check for={ (id) "-" (choice) } {
                            input #{ (id) "-" (choice) } type="checkbox"
                                name={ (name) "_" (choice) } value="true"
                                checked[is_checked(choice)];
                            span { (label) }
                        }
                    }
                }
            };
        }
        html! {
            @if input == Input::Checkbox {
                label.check for=(id) {
                    input #(id) type="checkbox" name=(name) value="true"
                        checked[value == "true"] aria-describedby=[described];
                    span { (label) }
                }
            } @else {
                label for=(id) {
                    (label) @if is_optional { " " span.quiet { (words::OPTIONAL) } }
                }
            }
            (notes)
            @if let Input::Choice(choices) = input {
                select #(id) name=(name) aria-invalid=[error.map(|_| "true")]
                    aria-describedby=[described] {
                    @for (choice, label) in choices {
                        option value=(choice) selected[*choice == value] { (label) }
                    }
                }
            } @else if input == Input::Lines {
                textarea #(id) name=(name) rows="4" spellcheck="false" autocapitalize="none"
                    required[is_required] autofocus[has_focus]
                    aria-invalid=[error.map(|_| "true")] aria-describedby=[described] { (value) }
            } @else if input != Input::Checkbox {
                input #(id) type=(input.kind()) inputmode=[input.input_mode()] name=(name)
                    value=[shown(input, value)]
                    autocomplete=(autocomplete) autocapitalize=[exact.then_some("none")]
                    spellcheck=[exact.then_some("false")] minlength=[min]
                    data-show=[input.is_password().then_some(words::SHOW_PASSWORD)]
                    required[is_required] autofocus[has_focus]
                    aria-invalid=[error.map(|_| "true")] aria-describedby=[described];
            }
        }
    }
}

/// The text of a field, valid or not.
pub(crate) fn entered(fields: &mut Fields, name: &'static str) -> String {
    fields.optional(name).unwrap_or_default()
}

/// The tag that a form carries which has nothing else, if it has one.
pub(crate) fn sent_version(request: &ApiRequest) -> Result<Option<String>> {
    let mut fields = request.optional_form()?;
    let version = fields.optional(VERSION);
    fields.into_result(Some(version))
}

/// What the field shows again: never a password.
fn shown<'a>(input: Input<'_>, value: &'a str) -> Option<&'a str> {
    Some(value).filter(|value| !value.is_empty() && !input.is_password())
}

/// The error as a sentence, whose subject is the field's label.
fn sentence(label: &str, error: &FieldError) -> String {
    format!("{label} {}.", error.text())
}
