//! Where layers that do not know each other meet.

use std::collections::BTreeSet;
use std::sync::{Arc, OnceLock};

use http::Response;
use http::request::Parts;
use weft_compute::FunctionPlaces;
use weft_gateway::{
    Allowed, ApiRequest, Apis, Asked, Authorizer, Denied, Downloads, FunctionUrls, UrlRequest,
};
use weft_lambda::{FunctionKey, Lambda, Placement, UrlCall};
use weft_net::Body;
use weft_routing::Auth;
use weft_s3::S3;
use weft_service::workload::{
    Artifact, Artifacts, BUILDS_BUCKET, RoleCredentials, RoleKeys, Scale, WorkloadId, WorkloadKind,
};
use weft_service::{Access, BoxFuture, Dispatch, Error, FunctionCounts, ResourceTags as _, Tags};
use weft_types::{AccountId, AppName, Arn, Region};

/// The gateway's and the mesh's way to dispatch. Dispatch needs services that need workers that need the mesh, so it comes last.
#[derive(Clone)]
pub(crate) struct LateDispatch(Arc<OnceLock<Arc<Dispatch>>>, S3);

impl LateDispatch {
    pub(crate) fn new(s3: S3) -> Self {
        Self(Arc::default(), s3)
    }

    pub(crate) fn set(&self, dispatch: Arc<Dispatch>) {
        let _ = self.0.set(dispatch);
    }
}

pub(crate) fn request_of(request: ApiRequest) -> (weft_service::ApiRequest, Option<Body>) {
    let api = weft_service::ApiRequest {
        parts: request.parts,
        body: request.body,
        peer: Some(request.peer.addr.ip()),
        secure: request.peer.secure,
        request_id: request.request_id,
        unsigned_for: request.unsigned_for,
    };
    (api, request.stream)
}

impl Apis for LateDispatch {
    fn handle(&self, request: ApiRequest) -> BoxFuture<'_, Response<Body>> {
        Box::pin(async move {
            match self.0.get() {
                Some(dispatch) => crate::buckets::handle(&self.1, dispatch, request).await,
                None => weft_net::text(http::StatusCode::SERVICE_UNAVAILABLE, "the server is starting\n"),
            }
        })
    }

    fn takes_stream(&self, parts: &Parts, unsigned_for: Option<&'static str>) -> bool {
        self.0.get().is_some_and(|dispatch| dispatch.takes_stream(parts, unsigned_for))
    }

    fn has_bucket(&self, name: &str) -> bool {
        self.1.has_bucket(name)
    }
}

impl Authorizer for LateDispatch {
    fn authorize<'a>(&'a self, asked: Asked<'a>) -> BoxFuture<'a, Result<Allowed, Denied>> {
        Box::pin(async move {
            match asked.auth {
                Auth::None => return Ok(Allowed::default()),
                Auth::Unsaid => {
                    return Err(Denied::Forbidden("nobody said who may use this route".to_owned()));
                }
                Auth::Key => return Err(Denied::Unsupported("key")),
                Auth::Jwt => return Err(Denied::Unsupported("jwt")),
                Auth::Iam => {}
            }
            let dispatch = self.0.get().ok_or(Denied::Unavailable)?;
            let request = weft_service::ApiRequest::new(
                asked.parts.clone(),
                asked.body.cloned().unwrap_or_default(),
                Some(asked.peer.addr.ip()),
                asked.peer.secure,
            );
            let cx = dispatch.identify(&request).await.map_err(Denied::Unauthenticated)?;
            let access = Access::to("weft:InvokeRoute", workload_arn(asked.workload).to_string());
            cx.authorize(&access).await.map_err(|error| Denied::Forbidden(error.message().to_owned()))?;
            Ok(Allowed { principal: cx.principal.arn().map(|arn| arn.to_string()) })
        })
    }
}

/// The ARN of a workload, as policies name it.
fn workload_arn(workload: &WorkloadId) -> Arn {
    let account = workload.account.to_string();
    let (region, name) = (workload.region.as_str(), &workload.name);
    match (&workload.app, workload.kind) {
        (Some(app), WorkloadKind::Service) => {
            Arn::of("weft", region, &account, &format!("app/{app}/service/{name}"))
        }
        _ => Arn::of("lambda", region, &account, &format!("function:{name}")),
    }
}

/// Where `CreateFunction` finds code: compute's builds. Lambda comes first.
#[derive(Clone, Default)]
pub(crate) struct LateArtifacts(Arc<OnceLock<Arc<dyn Artifacts>>>);

impl LateArtifacts {
    pub(crate) fn set(&self, artifacts: Arc<dyn Artifacts>) {
        let _ = self.0.set(artifacts);
    }
}

impl Artifacts for LateArtifacts {
    fn find<'a>(&'a self, bucket: &'a str, key: &'a str) -> BoxFuture<'a, Result<Artifact, Error>> {
        match self.0.get() {
            Some(artifacts) => artifacts.find(bucket, key),
            None => Box::pin(async { Err(Error::internal("no code before the start is over")) }),
        }
    }
}

/// Tells Lambda how its functions belong to apps.
pub(crate) struct Placer(pub(crate) Arc<Lambda>);

impl FunctionPlaces for Placer {
    fn place(
        &self,
        account: AccountId,
        region: &Region,
        function_name: &str,
        place: Option<(AppName, Scale)>,
    ) {
        let key = FunctionKey { account, region: region.clone(), name: function_name.to_owned() };
        self.0.place(&key, place.map(|(app, scale)| Placement::new(Some(app), Some(scale))));
    }

    fn builds(&self) -> BoxFuture<'_, Result<BTreeSet<String>, Error>> {
        Box::pin(self.0.artifacts_in_use(BUILDS_BUCKET))
    }

    fn counts(&self, account: AccountId, region: &Region, function_name: &str) -> Option<FunctionCounts> {
        let key = FunctionKey { account, region: region.clone(), name: function_name.to_owned() };
        Some(self.0.metrics(&key))
    }

    fn tags<'a>(
        &'a self,
        account: AccountId,
        region: &'a Region,
        function_name: &'a str,
    ) -> BoxFuture<'a, Result<Arc<Tags>, Error>> {
        Box::pin(async move {
            let key = FunctionKey { account, region: region.clone(), name: function_name.to_owned() };
            self.0.tags(&key.arn()).await
        })
    }
}

/// Answers requests for function URLs.
pub(crate) struct UrlsOfLambda(pub(crate) Arc<Lambda>);

impl FunctionUrls for UrlsOfLambda {
    fn handle(&self, request: UrlRequest) -> BoxFuture<'_, Response<Body>> {
        let UrlRequest { id, region, original, parts, body, peer, request_id } = request;
        let (address, secure) = (peer.addr.ip(), peer.secure);
        let call = UrlCall { id, region, original, parts, body, peer: address, secure, request_id };
        Box::pin(self.0.serve_url(call))
    }
}

/// Answers requests for functions' and layers' archives.
pub(crate) struct DownloadsOfLambda(pub(crate) Arc<Lambda>);

impl Downloads for DownloadsOfLambda {
    fn handle(&self, parts: Parts, request_id: Arc<str>) -> BoxFuture<'_, Response<Body>> {
        Box::pin(async move { self.0.serve_code(&parts, &request_id).await })
    }
}

/// Roles' keys, from IAM, which comes after the workers that need them.
#[derive(Clone, Default)]
pub(crate) struct LateCredentials(pub(crate) Arc<OnceLock<Arc<dyn RoleCredentials>>>);

impl RoleCredentials for LateCredentials {
    fn assume<'a>(
        &'a self,
        role: &'a Arn,
        service: &'static str,
        session: &'a str,
    ) -> BoxFuture<'a, Result<RoleKeys, Error>> {
        match self.0.get() {
            Some(credentials) => credentials.assume(role, service, session),
            None => Box::pin(async { Err(Error::internal("no credentials before the start is over")) }),
        }
    }
}
