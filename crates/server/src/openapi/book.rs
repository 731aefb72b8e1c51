//! How the description is written: routes one by one, each with its answers; types come along by name.

use std::collections::BTreeMap;

use serde_json::{Value, json};
use utoipa::{
    ToSchema,
    openapi::{
        Components, ContentBuilder, Header, HttpMethod, Info, License, ObjectBuilder, OpenApi,
        Paths, Ref, RefOr, Required, Response, ResponseBuilder, Server, Type,
        path::{OperationBuilder, ParameterBuilder, ParameterIn},
        request_body::RequestBodyBuilder,
        schema::Schema,
        security::{HttpAuthScheme, HttpBuilder, SecurityRequirement, SecurityScheme},
    },
};

use super::schemas::{Error, Limited};
use crate::faces::Face;

const ABOUT: &str = "What the servers of `bambu` answer. The proxy forwards `/v1/` of the cloud for \
whoever has a token of its owner; the compatibility layer speaks the old local interface and, under \
`/api/v2/`, a new one; the cameras are there, too, and by themselves. HEAD works wherever GET does.";
const TOKEN: &str = "A token of this server's owner, as `Authorization: Bearer TOKEN`, or bare.";
const JSON: &str = "application/json";
/// What every answer of a limited route tells.
const LIMITS: [(&str, &str); 5] = [
    ("X-RateLimit-Limit", "Requests in a window of 60 seconds."),
    ("X-RateLimit-Remaining", "Requests that are left in it."),
    ("X-RateLimit-Reset", "When it ends, in seconds since 1970."),
    ("RateLimit", "The same as `\"group\";r=REMAINING;t=SECONDS`."),
    ("RateLimit-Policy", "The limit as `\"group\";q=LIMIT;w=SECONDS`."),
];

/// The description while it is written.
pub(super) struct Book {
    face: Option<Face>,
    paths: Paths,
    schemas: BTreeMap<String, RefOr<Schema>>,
    responses: BTreeMap<String, RefOr<Response>>,
}

/// A route while it is written.
pub(super) struct Route<'a> {
    book: &'a mut Book,
    method: HttpMethod,
    path: &'static str,
    operation: OperationBuilder,
    limited: bool,
}

impl Book {
    pub(super) fn new(face: Option<Face>) -> Self {
        Self { face, paths: Paths::new(), schemas: BTreeMap::new(), responses: BTreeMap::new() }
    }

    /// Begins a route. The id is what programs call it.
    pub(super) fn route(
        &mut self,
        method: HttpMethod,
        path: &'static str,
        tag: &str,
        id: &str,
        summary: &str,
    ) -> Route<'_> {
        let operation =
            OperationBuilder::new().tag(tag).operation_id(Some(id)).summary(Some(summary));
        Route { book: self, method, path, operation, limited: false }
    }

    /// A reference to a type, whose description comes along.
    pub(super) fn schema<T: ToSchema>(&mut self) -> RefOr<Schema> {
        let mut within = vec![(T::name().into_owned(), T::schema())];
        T::schemas(&mut within);
        self.schemas.extend(within);
        Ref::from_schema_name(T::name()).into()
    }

    /// The description, done.
    pub(super) fn close(mut self) -> OpenApi {
        if self.face.is_none() {
            for (path, item) in &mut self.paths.paths {
                item.servers = Some(servers(path));
            }
        }
        let mut components = Components::new();
        components.schemas = self.schemas;
        components.responses = self.responses;
        let scheme =
            HttpBuilder::new().scheme(HttpAuthScheme::Bearer).description(Some(TOKEN)).build();
        components.add_security_scheme("token", SecurityScheme::Http(scheme));
        for (name, description) in LIMITS {
            let mut header = Header::new(ObjectBuilder::new().schema_type(Type::String));
            header.description = Some(description.to_owned());
            components.headers.insert(name.to_owned(), header.into());
        }
        let mut info = Info::new("bambu servers", env!("CARGO_PKG_VERSION"));
        info.description = Some(ABOUT.to_owned());
        let mut license = License::new("MIT OR Apache-2.0");
        license.identifier = Some("MIT OR Apache-2.0".to_owned());
        info.license = Some(license);
        let mut document = OpenApi::new(info, self.paths);
        document.components = Some(components);
        document
    }
}

/// Where a path is served, unless told otherwise.
fn servers(path: &str) -> Vec<Server> {
    let at = |face: Face| Server::new(format!("http://{}", face.default_address()));
    let proxies = [Face::ProxyStrict, Face::ProxyFull].map(at);
    match path {
        "/" | "/health" => proxies.into_iter().chain([at(Face::Compat)]).collect(),
        "/metrics" | "/openapi.json" | "/docs" => {
            proxies.into_iter().chain([at(Face::Compat), at(Face::Camera)]).collect()
        }
        "/camera" | "/snapshot.jpg" | "/stream" | "/live" => vec![at(Face::Camera)],
        path if path.contains("/camera") => vec![at(Face::Compat), at(Face::Camera)],
        path if path.starts_with("/api/") => vec![at(Face::Compat)],
        _ => proxies.into(),
    }
}

impl Route<'_> {
    /// What else there is to say.
    pub(super) fn says(mut self, description: &str) -> Self {
        self.operation = self.operation.description(Some(description));
        self
    }

    /// It needs a token.
    pub(super) fn token(mut self) -> Self {
        self.operation = self.operation.security(security());
        self.no_token()
    }

    /// It needs a token, but not from this machine.
    pub(super) fn token_from_elsewhere(mut self) -> Self {
        self.operation =
            self.operation.security(SecurityRequirement::default()).security(security());
        self.no_token()
    }

    fn no_token(self) -> Self {
        self.refuses(
            401,
            "NoToken",
            "No token, or one that is not known or has expired.",
            json!({
                "error": "Invalid token",
                "message": "this token is not known here; ask whoever runs this proxy for one",
            }),
        )
    }

    /// It may need a token, as its owner wants it.
    pub(super) fn token_if_set(mut self) -> Self {
        self.operation =
            self.operation.security(SecurityRequirement::default()).security(security());
        self.refuses(
            401,
            "NoPassword",
            "The server was given a token, and it was not shown.",
            json!({
                "error": "Unauthorized",
                "message": "this needs the token of [compat]; send it as Authorization: Bearer TOKEN",
            }),
        )
    }

    /// It has a limit, which its answers tell. To be said before them.
    pub(super) fn limited(mut self) -> Self {
        self.limited = true;
        let schema = self.book.schema::<Limited>();
        let content = ContentBuilder::new().schema(Some(schema)).example(Some(json!({
            "error": "Rate limit exceeded",
            "message": "more than 30 requests in a minute; ask again in 42 seconds",
            "retry_after": "42 seconds",
        })));
        let mut header = Header::new(ObjectBuilder::new().schema_type(Type::Integer));
        header.description = Some("How long to wait, in seconds.".to_owned());
        let answer = self
            .answer("Too many requests in this window.")
            .header("Retry-After", header)
            .content(JSON, content.build());
        self.common(429, "Limited", answer.build())
    }

    /// A parameter of the query.
    pub(super) fn query(
        self,
        name: &str,
        required: bool,
        description: &str,
        example: &str,
    ) -> Self {
        self.parameter(ParameterIn::Query, name, required, description, example)
    }

    /// A parameter of the path.
    pub(super) fn segment(self, name: &str, description: &str, example: &str) -> Self {
        self.parameter(ParameterIn::Path, name, true, description, example)
    }

    fn parameter(
        mut self,
        place: ParameterIn,
        name: &str,
        required: bool,
        description: &str,
        example: &str,
    ) -> Self {
        let parameter = ParameterBuilder::new()
            .name(name)
            .parameter_in(place)
            .required(if required { Required::True } else { Required::False })
            .description(Some(description))
            .schema(Some(ObjectBuilder::new().schema_type(Type::String)))
            .example(Some(example.into()));
        self.operation = self.operation.parameter(parameter);
        self
    }

    /// A JSON body that it needs.
    pub(super) fn takes<T: ToSchema>(mut self, description: &str, example: Value) -> Self {
        let schema = self.book.schema::<T>();
        let content = ContentBuilder::new().schema(Some(schema)).example(Some(example));
        let body = RequestBodyBuilder::new()
            .description(Some(description))
            .required(Some(Required::True))
            .content(JSON, content.build());
        self.operation = self.operation.request_body(Some(body.build()));
        self
    }

    /// Any JSON body.
    pub(super) fn takes_anything(mut self) -> Self {
        let body = RequestBodyBuilder::new().description(Some("Passed on as it is.")).content(
            JSON,
            ContentBuilder::new().schema(Some(utoipa::openapi::schema::empty())).build(),
        );
        self.operation = self.operation.request_body(Some(body.build()));
        self
    }

    /// An answer in JSON.
    pub(super) fn gives<T: ToSchema>(self, status: u16, description: &str, example: Value) -> Self {
        let schema = self.book.schema::<T>();
        self.gives_schema(status, description, schema, example)
    }

    /// The same with a description of its own.
    pub(super) fn gives_schema(
        self,
        status: u16,
        description: &str,
        schema: impl Into<RefOr<Schema>>,
        example: Value,
    ) -> Self {
        let content = ContentBuilder::new().schema(Some(schema)).example(Some(example)).build();
        let answer = self.answer(description).content(JSON, content).build();
        self.put(status, answer)
    }

    /// An answer in text of a type.
    pub(super) fn gives_text(self, media: &str, description: &str, example: &str) -> Self {
        let schema = ObjectBuilder::new().schema_type(Type::String);
        let content =
            ContentBuilder::new().schema(Some(schema)).example(Some(example.into())).build();
        let answer = self.answer(description).content(media, content).build();
        self.put(200, answer)
    }

    /// An answer without a body.
    pub(super) fn gives_nothing(self, status: u16, description: &str) -> Self {
        let answer = self.answer(description).build();
        self.put(status, answer)
    }

    /// An answer that is an error of this route.
    pub(super) fn error(mut self, status: u16, description: &str, example: Value) -> Self {
        let answer = self.failure(description, example);
        self.put(status, answer)
    }

    /// An answer that is an error of several routes, which share its description under a name.
    pub(super) fn refuses(
        mut self,
        status: u16,
        name: &str,
        description: &str,
        example: Value,
    ) -> Self {
        let answer = self.failure(description, example);
        self.common(status, name, answer)
    }

    /// Puts it into the book.
    pub(super) fn done(self) {
        self.book.paths.add_path_operation(self.path, vec![self.method], self.operation.build());
    }

    fn answer(&self, description: &str) -> ResponseBuilder {
        let mut answer = ResponseBuilder::new().description(description);
        for (name, _) in LIMITS.iter().filter(|_| self.limited) {
            answer = answer.header_ref(*name, Ref::new(format!("#/components/headers/{name}")));
        }
        answer
    }

    fn failure(&mut self, description: &str, example: Value) -> Response {
        let schema = self.book.schema::<Error>();
        let content = ContentBuilder::new().schema(Some(schema)).example(Some(example)).build();
        ResponseBuilder::new().description(description).content(JSON, content).build()
    }

    fn common(self, status: u16, name: &str, answer: Response) -> Self {
        self.book.responses.insert(name.to_owned(), answer.into());
        self.put(status, Ref::from_response_name(name))
    }

    fn put(mut self, status: u16, answer: impl Into<RefOr<Response>>) -> Self {
        self.operation = self.operation.response(status.to_string(), answer);
        self
    }
}

fn security() -> SecurityRequirement {
    SecurityRequirement::new("token", std::iter::empty::<String>())
}
