//! Function URLs: a host name of its own for a function or an alias.

use serde::{Deserialize, Serialize};
use weft_model::lambda as model;
use weft_service::{Error, Once, random_id};
use weft_store::WriteTx;
use weft_types::{AccountId, Region, Timestamp};

use crate::errors::{self, not_found, validation};
use crate::functions::Functions;
use crate::name::{FunctionKey, FunctionRef};
use crate::tables::{URL_IDS, URLS};
use crate::versions::read_found;

/// What ids are made of, 32 of them each.
const ID_ALPHABET: &[u8] = b"abcdefghijklmnopqrstuvwxyz234567";

/// Methods that a CORS configuration may name.
const METHODS: [&str; 7] = ["GET", "PUT", "HEAD", "POST", "PATCH", "DELETE", "*"];

/// A function URL's record.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct FunctionUrl {
    /// The first label of the host name.
    pub(crate) id: String,
    /// Whether callers must sign: `AuthType` is `AWS_IAM`.
    pub(crate) signed: bool,
    /// Whether answers are streamed: `InvokeMode` is `RESPONSE_STREAM`.
    pub(crate) streamed: bool,
    pub(crate) cors: Option<Cors>,
    pub(crate) created: Timestamp,
    pub(crate) last_modified: Timestamp,
}

/// What browsers may do from other sites.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Cors {
    pub(crate) credentials: Option<bool>,
    pub(crate) headers: Option<Vec<String>>,
    pub(crate) methods: Option<Vec<String>>,
    pub(crate) origins: Option<Vec<String>>,
    pub(crate) exposed: Option<Vec<String>>,
    /// 0 to 86,400.
    pub(crate) max_age_seconds: Option<i32>,
}

/// Whose an id is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct UrlOwner {
    pub(crate) account: AccountId,
    pub(crate) region: Region,
    pub(crate) name: String,
    /// An alias; none for `$LATEST`.
    pub(crate) qualifier: Option<String>,
}

/// What a request sets of a function URL.
#[derive(Debug)]
pub(crate) struct UrlChange {
    signed: Option<bool>,
    streamed: Option<bool>,
    cors: Option<Cors>,
}

impl UrlChange {
    /// Checks what `CreateFunctionUrlConfig` and `UpdateFunctionUrlConfig` have in common.
    pub(crate) fn parse(
        auth_type: Option<&str>,
        invoke_mode: Option<&str>,
        cors: Option<model::Cors>,
    ) -> Result<Self, Error> {
        Ok(Self {
            signed: auth_type.map(|auth| auth == "AWS_IAM"),
            streamed: invoke_mode.map(|mode| mode == "RESPONSE_STREAM"),
            cors: cors.map(Cors::parse).transpose()?,
        })
    }

    fn apply(&self, url: &mut FunctionUrl, now: Timestamp) {
        url.signed = self.signed.unwrap_or(url.signed);
        url.streamed = self.streamed.unwrap_or(url.streamed);
        if let Some(cors) = &self.cors {
            // An empty configuration removes.
            url.cors = Some(cors.clone()).filter(|cors| *cors != Cors::default());
        }
        url.last_modified = now;
    }
}

impl Cors {
    fn parse(input: model::Cors) -> Result<Self, Error> {
        let methods = input.allow_methods.iter().flatten();
        if let Some(bad) = methods.map(String::as_str).find(|method| !METHODS.contains(method)) {
            return Err(validation(
                bad,
                "cors.allowMethods",
                &format!("satisfy enum value set: [{}]", METHODS.join(", ")),
            ));
        }
        Ok(Self {
            credentials: input.allow_credentials,
            headers: input.allow_headers,
            methods: input.allow_methods,
            origins: input.allow_origins,
            exposed: input.expose_headers,
            max_age_seconds: input.max_age,
        })
    }

    fn describe(&self) -> model::Cors {
        let Self { credentials, headers, methods, origins, exposed, max_age_seconds } = self.clone();
        model::Cors {
            allow_credentials: credentials,
            allow_headers: headers,
            allow_methods: methods,
            allow_origins: origins,
            expose_headers: exposed,
            max_age: max_age_seconds,
        }
    }
}

impl FunctionUrl {
    /// What `GetFunctionUrlConfig` shows. `port` is the one that Weft listens on.
    pub(crate) fn describe(&self, function: &FunctionRef, port: u16) -> model::FunctionUrlConfig {
        let region = function.key.region.as_str();
        model::FunctionUrlConfig {
            function_url: format!("http://{}.lambda-url.{region}.localhost:{port}/", self.id),
            function_arn: function.arn().into(),
            creation_time: self.created.iso8601(),
            last_modified_time: self.last_modified.iso8601(),
            cors: self.cors.as_ref().map(Cors::describe),
            auth_type: if self.signed { "AWS_IAM" } else { "NONE" }.to_owned(),
            invoke_mode: Some(if self.streamed { "RESPONSE_STREAM" } else { "BUFFERED" }.to_owned()),
        }
    }
}

/// Adds the URL of what has none.
fn add(tx: &mut WriteTx<'_>, function: &FunctionRef, url: &FunctionUrl) -> Result<(), Error> {
    let row = url_row(function);
    if URLS.get(tx, &row)?.is_some() {
        let message = format!(
            "Failed to create function url config for [functionArn = {}]. Error message:  FunctionUrlConfig exists for \
             this Lambda function",
            function.arn()
        );
        return Err(Error::new("ResourceConflictException", message).with_status(409));
    }
    let FunctionRef { key, qualifier } = function.clone();
    let FunctionKey { account, region, name } = key;
    URL_IDS.insert(tx, &(url.id.clone(),), &UrlOwner { account, region, name, qualifier })?;
    Ok(URLS.insert(tx, &row, url)?)
}

impl Functions {
    /// Gives a URL to a function or an alias that has none.
    pub(crate) async fn create_url(
        &self,
        function: &FunctionRef,
        change: UrlChange,
        once: Once,
        now: Timestamp,
    ) -> Result<FunctionUrl, Error> {
        let (function, id) = (function.clone(), random_id(32, ID_ALPHABET));
        self.write(move |tx| {
            if read_found(tx, &function)?.is_none() {
                return Err(errors::function_not_found(&function.arn()));
            }
            let find = |tx: &WriteTx<'_>, id: &str| {
                Ok(URLS.get(tx, &url_row(&function))?.filter(|url| url.id == id))
            };
            once.make(tx, find, |tx| {
                let (created, last_modified) = (now, now);
                let (signed, streamed, cors) = (true, false, None);
                let mut url = FunctionUrl { id: id.clone(), signed, streamed, cors, created, last_modified };
                change.apply(&mut url, now);
                add(tx, &function, &url)?;
                Ok((id.clone(), url))
            })
        })
        .await
    }

    /// Changes the URL of a function or an alias.
    pub(crate) async fn update_url(
        &self,
        function: &FunctionRef,
        change: UrlChange,
        now: Timestamp,
    ) -> Result<FunctionUrl, Error> {
        let row = url_row(function);
        self.write(move |tx| {
            let mut url = URLS.get(tx, &row)?.ok_or_else(missing)?;
            change.apply(&mut url, now);
            URLS.insert(tx, &row, &url)?;
            Ok(url)
        })
        .await
    }

    /// The URL of a function or an alias, or AWS's error.
    pub(crate) async fn url(&self, function: &FunctionRef) -> Result<FunctionUrl, Error> {
        let row = url_row(function);
        self.read(move |tx| URLS.get(tx, &row)?.ok_or_else(missing)).await
    }

    /// The function and the URL that a host name's first label means, where it means one.
    pub(crate) async fn url_by_id(&self, id: &str) -> Result<Option<(FunctionRef, FunctionUrl)>, Error> {
        let id = (id.to_owned(),);
        self.read(move |tx| {
            let Some(UrlOwner { account, region, name, qualifier }) = URL_IDS.get(tx, &id)? else {
                return Ok(None);
            };
            let function = FunctionRef { key: FunctionKey { account, region, name }, qualifier };
            Ok(URLS.get(tx, &url_row(&function))?.map(|url| (function, url)))
        })
        .await
    }

    /// Removes the URL of a function or an alias, which must have one.
    pub(crate) async fn remove_url(&self, function: &FunctionRef) -> Result<(), Error> {
        let function = function.clone();
        self.write(move |tx| {
            let row = url_row(&function);
            URLS.get(tx, &row)?.ok_or_else(missing)?;
            drop_url(tx, &function.key, function.qualifier.as_deref().unwrap_or_default())
        })
        .await
    }

    /// At most `limit` URLs of a function, its own first, and whether there are more.
    pub(crate) async fn list_urls(
        &self,
        key: &FunctionKey,
        after: Option<String>,
        limit: usize,
    ) -> Result<(Vec<(FunctionRef, FunctionUrl)>, bool), Error> {
        let key = key.clone();
        self.read(move |tx| {
            crate::aliases::require_function(tx, &key)?;
            let query = URLS.query(&key.row()).limit(limit + 1);
            let query = match &after {
                Some(after) => query.after(&key.qualified_row(after)),
                None => query,
            };
            let mut rows = query.rows(tx)?;
            let more = rows.len() > limit;
            rows.truncate(limit);
            let of = |qualifier: String| FunctionRef {
                key: key.clone(),
                qualifier: Some(qualifier).filter(|qualifier| !qualifier.is_empty()),
            };
            Ok((rows.into_iter().map(|((.., qualifier), url)| (of(qualifier), url)).collect(), more))
        })
        .await
    }
}

fn url_row(function: &FunctionRef) -> crate::tables::QualifiedKey {
    function.key.qualified_row(function.qualifier.as_deref().unwrap_or_default())
}

fn missing() -> Error {
    not_found("The resource you requested does not exist.")
}

/// Removes a URL, if it is there.
pub(crate) fn drop_url(tx: &mut WriteTx<'_>, key: &FunctionKey, qualifier: &str) -> Result<(), Error> {
    let row = key.qualified_row(qualifier);
    let Some(url) = URLS.get(tx, &row)? else { return Ok(()) };
    URL_IDS.remove(tx, &(url.id,))?;
    Ok(URLS.remove(tx, &row)?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn browsers_may_use_the_methods_that_aws_knows() {
        let check = |method: &str, expected: bool| {
            let cors = model::Cors { allow_methods: Some(vec![method.to_owned()]), ..Default::default() };
            assert_eq!(Cors::parse(cors).is_ok(), expected, "{method}");
        };
        check("GET", true);
        check("*", true);
        check("get", false);
        check("TRACE", false);
    }
}
