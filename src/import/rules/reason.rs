//! Why evidence settles a check as it does; every sentence about evidence is here.

use std::fmt;

use crate::{
    command::Shell,
    import::{cell::Switch, request::az_licenses},
};

/// Why a check comes out as it does.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Reason {
    /// A row says so.
    Read,
    /// No file says anything of it.
    NoEvidence,
    /// As the report of an earlier run says.
    Saved(String),
    /// A person has confirmed it: who, and on which day.
    Confirmed(String, String),
    /// What a person has confirmed is more than 90 days ago.
    ConfirmedLongAgo(String, String),
    /// A person has stated the opposite: who, on which day, and whether it holds by that statement.
    Contradicted {
        /// Who.
        by: String,
        /// The day.
        on: String,
        /// Whether it holds, as stated.
        holds: bool,
        /// Why it comes out as it does.
        reason: Box<Reason>,
    },
    /// No row is about the subject; this command gives one.
    NoRow(String),
    /// The column is not in the file.
    NoColumn(&'static str),
    /// The value is in the file but cut.
    Cut(&'static str),
    /// The value is no switch.
    Strange(&'static str, String),
    /// Rows of one file have different values in a column.
    Differs(&'static str),
    /// Files with these names differ, and none is known to be the newest.
    FilesDiffer(Vec<String>),
    /// A column whose values are not understood.
    NotUnderstood(&'static str, String),
    /// The mailbox inherits, and the organization's setting is not in the evidence.
    Inherits,
    /// The file has no date.
    NoDate,
    /// The file has a date that says no moment.
    StrangeDate,
    /// The file has a date that has not come yet.
    Future(String),
    /// The file is too old.
    TooOld(String),
    /// It held on this day.
    AsOf(String, Box<Reason>),
    /// Files disagree; the newest, which has this name, decided.
    Disagree(String, Box<Reason>),
    /// The license is being set up.
    BeingSetUp,
    /// The license has the plan, but it is off.
    PlanOff,
    /// Below the license that Cisco asks for.
    BelowE3,
    /// A plan of Exchange whose worth is not known.
    UnknownPlan,
    /// A recipient of this kind, which has no mailbox.
    NoMailbox(String),
    /// `SKUAssigned` is false.
    NoSku {
        /// Whether the account is disabled too.
        is_disabled: bool,
    },
    /// A shared mailbox, which has a mailbox plan with and without a license.
    PlanOfShared,
    /// A shared mailbox without a license.
    SharedWithoutLicense,
    /// A mailbox without a license whose account is disabled, as that of a shared mailbox is.
    PerhapsSharedWithoutLicense,
    /// A row denies the right.
    Denied,
    /// A row denies the right to everybody, under this name.
    DeniedToAll(String),
    /// Rows deny the right to others, which may be groups with the user in them, or another name of the user.
    MaybeDenied(Vec<String>),
    /// Rights of accounts that Exchange could not resolve.
    Unresolved(Vec<String>),
    /// Rights of others, which may be groups with the user in them.
    MaybeGroup(Vec<String>),
    /// Rights of addresses of other domains than those of the mailbox and the user.
    OtherDomain(Vec<String>),
    /// The file is incomplete and proves no absence.
    IncompleteFile,
    /// Users sign in, not the application.
    DelegatedFlow,
    /// Exchange was given another object id; the right one where it is known.
    WrongObject(Option<String>),
    /// The site file has no redirect URL.
    NoRedirectUrl,
    /// Registered under another platform.
    OtherPlatform(&'static str),
    /// The nearest registered redirect URI, and the letter in which it differs.
    Nearest(Option<(String, usize)>),
    /// The registration has no secret and no certificate.
    NoSecret,
    /// The secret ends soon.
    EndsSoon,
    /// The site file states another end of the secret (first) than the registration has (second).
    OtherEnd(String, String),
    /// The enterprise application is disabled.
    Disabled,
    /// Permissions that one person has granted for themselves.
    ForOnePerson(Vec<String>),
    /// Permissions that were not granted.
    NotGranted(Vec<String>),
    /// The log has no row of this user and application.
    NoSignIn,
    /// The log has rows of this user and application with dates that are not understood.
    StrangeDateOfSignIn,
    /// The newest sign-in waits for an answer of the user, with this error code of Entra.
    Interrupted(i64),
    /// A sign-in succeeded after the last failure.
    SucceededLater,
    /// It was so on this day, and nothing says what has been since.
    OnlyThen(String, Box<Reason>),
    /// A secret or certificate that is valid only from this day.
    BeginsLater(String),
    /// The last sign-in failed.
    SignInFailed {
        /// The error code of Entra.
        code: i64,
        /// The Conditional Access policies that blocked it.
        policies: Vec<String>,
    },
    /// Microsoft Graph did not give it, in words that say what to give.
    Refused(String),
    /// Of a check of Webex.
    Webex(super::webex::Reason),
}

/// What stands before the command that gives the row.
const NO_ROW: &str = "no row for it in the evidence";
const EXPORT: &str = "; export it with: ";

impl Reason {
    /// No row is about the application.
    #[must_use]
    pub fn no_row(source: &str) -> Self {
        Self::NoRow(source.to_owned())
    }

    /// No row is about a mailbox; the command is for that mailbox alone.
    #[must_use]
    pub fn no_row_of(cmdlet: &str, address: &str) -> Self {
        let who = Shell::Exchange.quote(address).unwrap_or_else(|| "'ADDRESS'".to_owned());
        let rows = |columns: &str| format!("{cmdlet} -Identity {who} | select {columns} | ConvertTo-Json -Depth 5");
        let rights = |columns: &str| {
            let list = columns.split(',').fold(String::new(), |list, column| list + ", '" + column + "'");
            format!(
                "$p = @{{n='Mailbox';e={{{who}}}}}{list}; {cmdlet} -Identity {who} | select $p | ConvertTo-Json -Depth 5"
            )
        };
        Self::NoRow(match cmdlet {
            "Get-CASMailbox" => {
                rows("PrimarySmtpAddress,EmailAddresses,ImapEnabled,PopEnabled,SmtpClientAuthenticationDisabled")
            }
            "Get-MailboxPermission" => rights("User,AccessRights,Deny,IsInherited"),
            "Get-RecipientPermission" => rights("Trustee,AccessRights,AccessControlType"),
            // the answer of Graph names the user, which that of Get-MgUserLicenseDetail does not
            _ => az_licenses(address),
        })
    }

    /// What a report has kept.
    #[must_use]
    pub fn restored(note: String) -> Self {
        let command = note.strip_prefix(NO_ROW).and_then(|rest| rest.strip_prefix(EXPORT));
        command.map(|command| Self::NoRow(command.to_owned())).unwrap_or(Self::Saved(note))
    }

    /// Why there is no answer, and the command that gives one, which ends its line so that it can be copied.
    #[must_use]
    pub fn with_command(&self) -> Option<(&'static str, &str)> {
        if let Self::NoRow(command) = self { Some((NO_ROW, command)) } else { None }
    }

    /// Why a switch without a value says nothing.
    #[must_use]
    pub fn of_switch(column: &'static str, switch: &Switch) -> Self {
        match switch {
            Switch::Cut => Self::Cut(column),
            Switch::Strange(text) => Self::Strange(column, text.clone()),
            Switch::Differs => Self::Differs(column),
            Switch::FilesDiffer(names) => Self::FilesDiffer(names.clone()),
            _ => Self::NoColumn(column),
        }
    }
}

impl Reason {
    /// What is wrong with the values of a column.
    fn of_column(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoColumn(column) => {
                write!(f, "the file has no column {column}; a missing column is not an empty one")
            }
            Self::Cut(column) => write!(f, "the value of {column} was cut when it was exported; export as JSON"),
            Self::Strange(column, value) => write!(f, "{column} is {value:?}, neither true nor false"),
            Self::Differs(column) => {
                write!(f, "two rows for it in the file have different values of {column}; export it again")
            }
            Self::NotUnderstood(column, value) if value.is_empty() => {
                write!(f, "the value of {column} is missing or not understood; export it as JSON, with -Depth 5")
            }
            Self::NotUnderstood(column, value) => {
                write!(f, "{column} is {value:?}, which is not understood; export it as JSON, with -Depth 5")
            }
            _ => Ok(()),
        }
    }

    /// What is said of who has a right.
    fn of_rights(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Denied => f.write_str("a Deny row for it takes precedence over every Allow row"),
            Self::DeniedToAll(name) => {
                write!(f, "a Deny row for {name}, which includes it, takes precedence over every Allow row")
            }
            Self::MaybeDenied(names) => write!(
                f,
                "granted, but denied to {}; if that is the user, or a group with the user in it, the Deny row takes \
                 precedence",
                names.join(", ")
            ),
            Self::Unresolved(names) => {
                write!(f, "granted to accounts that Exchange cannot resolve: {}", names.join(", "))
            }
            Self::MaybeGroup(names) => {
                write!(f, "granted to {}; if that is a group, its members are not in the file", names.join(", "))
            }
            Self::OtherDomain(names) => {
                write!(f, "granted to {}, of another domain than the mailbox and the user", names.join(", "))
            }
            _ => self.of_license(f),
        }
    }

    /// What is said of a license.
    fn of_license(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::BeingSetUp => f.write_str("the license is being set up"),
            Self::PlanOff => f.write_str("the license includes Exchange Online, but its service plan is disabled"),
            Self::BelowE3 => {
                f.write_str("below Office 365 E3, which Cisco requires; IMAP, POP and SMTP AUTH work with it")
            }
            Self::UnknownPlan => f.write_str("an Exchange plan that this version does not know"),
            Self::NoMailbox(kind) => {
                write!(f, "RecipientTypeDetails is {kind}: Exchange Online has no mailbox that an account can open")
            }
            Self::NoSku { is_disabled: false } => f.write_str("SKUAssigned is False: no license with a mailbox"),
            Self::NoSku { is_disabled: true } => f.write_str(
                "SKUAssigned is False: no license with a mailbox; AccountDisabled is True: the user cannot sign in",
            ),
            Self::PlanOfShared => f.write_str(
                "the mailbox plan of a shared mailbox does not prove a license; export Get-MgUserLicenseDetail",
            ),
            Self::SharedWithoutLicense => {
                f.write_str("shared mailbox without a license: Microsoft requires none up to 50 GB, Cisco requires E3")
            }
            Self::PerhapsSharedWithoutLicense => f.write_str(
                "no license, and the account is disabled, as that of a shared mailbox is; export Get-Mailbox to tell. For a \
                 shared mailbox Microsoft requires none up to 50 GB, Cisco requires E3",
            ),
            _ => self.of_sign_in(f),
        }
    }

    /// What is said of the sign-in log.
    fn of_sign_in(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoSignIn => f.write_str(
                "the log has no sign-in of this user and application to Exchange Online, which proves nothing",
            ),
            Self::StrangeDateOfSignIn => f.write_str(
                "the log has sign-ins of this user and application whose dates are not understood, so the newest is not known",
            ),
            Self::Interrupted(code) => write!(
                f,
                "the newest sign-in was interrupted with AADSTS{code}: the user was asked something, and the log does not say \
                 how it ended"
            ),
            Self::SucceededLater => f.write_str("a sign-in succeeded after the last failure"),
            Self::OnlyThen(day, reason) => {
                write!(f, "{reason}; that was on {day}, and the log does not say what has been since")
            }
            Self::SignInFailed { code, policies } if policies.is_empty() => {
                write!(f, "the newest sign-in failed with AADSTS{code}")
            }
            Self::SignInFailed { code, policies } => {
                write!(
                    f,
                    "the newest sign-in failed with AADSTS{code}; Conditional Access policy: {}",
                    policies.join(", ")
                )
            }
            _ => Ok(()),
        }
    }
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Read => f.write_str("as exported"),
            Self::NoEvidence => f.write_str("no file says anything of it"),
            Self::Saved(text) => f.write_str(text),
            Self::Confirmed(by, day) => write!(f, "confirmed by hand, {by}, {day}"),
            Self::ConfirmedLongAgo(by, day) => write!(f, "confirmed by {by} on {day}, more than 90 days ago"),
            Self::Contradicted { by, on, holds, reason } => {
                let holds = if *holds { "that it holds" } else { "that it does not hold" };
                write!(f, "{reason}; {by} has stated {holds} on {on}, and a file counts more than a statement")
            }
            Self::Refused(words) => f.write_str(words),
            Self::Webex(reason) => reason.fmt(f),
            Self::NoRow(command) => write!(f, "{NO_ROW}{EXPORT}{command}"),
            Self::NoColumn(_) | Self::Cut(_) | Self::Strange(..) | Self::Differs(_) | Self::NotUnderstood(..) => {
                self.of_column(f)
            }
            Self::Inherits => f.write_str(
                "it inherits the organization's setting, which is not in the evidence; export Get-TransportConfig",
            ),
            Self::Future(day) => write!(
                f,
                "the file says that it was made on {day}, which is in the future; check the clocks of the computer that \
                 exported it and of this server, and export it again"
            ),
            Self::NoDate => f.write_str(
                "the file has no date; state it as as_of under [evidence], or with --as-of of evidence show",
            ),
            Self::StrangeDate => f.write_str(
                "the date in the file is not understood (2026-11-30T09:30:00Z is); state it as as_of under [evidence], or \
                 with --as-of of evidence show",
            ),
            Self::TooOld(day) => write!(f, "the file is of {day}, more than 30 days old; export it again"),
            Self::AsOf(day, reason) => write!(f, "{reason}, as of {day}"),
            Self::Disagree(newest, reason) => {
                let newest = newest.rsplit(['/', '\\']).next().unwrap_or(newest);
                write!(f, "{reason}; files disagree, and {newest} is the newest")
            }
            Self::FilesDiffer(names) => {
                write!(f, "{} differ, and none of them is of a later date; export it again", names.join(" and "))
            }
            Self::IncompleteFile => f.write_str("the file is incomplete and cannot show that something is missing"),
            Self::DelegatedFlow => f.write_str("users sign in, not the application"),
            Self::WrongObject(Some(id)) => {
                write!(f, "Exchange has another object ID than that of the enterprise application, {id}")
            }
            Self::WrongObject(None) => {
                f.write_str("Exchange has the object ID of the app registration, not of the enterprise application")
            }
            Self::NoRedirectUrl => f.write_str("state redirect_url under [ece] to compare it"),
            Self::OtherPlatform(platform) => write!(f, "registered under the platform {platform}, not Web"),
            Self::Nearest(Some((nearest, at))) => {
                write!(f, "not registered; the nearest is {nearest}, which differs at character {at}")
            }
            Self::Nearest(None) => f.write_str("no redirect URI is registered under the platform Web"),
            Self::NoSecret => f.write_str("the registration has no client secret and no certificate"),
            Self::EndsSoon => f.write_str("the client secret or certificate expires soon"),
            Self::OtherEnd(stated, registered) => {
                write!(f, "secret_expires in the site file is {stated}, the registration says {registered}")
            }
            Self::Disabled => f.write_str("the enterprise application is disabled for sign-in"),
            Self::ForOnePerson(scopes) => {
                write!(f, "{} granted by single users only, not for the organization", scopes.join(", "))
            }
            Self::NotGranted(scopes) => write!(f, "not granted: {}", scopes.join(", ")),
            Self::BeginsLater(day) => {
                write!(f, "no client secret or certificate is valid yet; the first one begins on {day}")
            }
            other => other.of_rights(f),
        }
    }
}
