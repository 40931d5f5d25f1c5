use bytes::Bytes;
use reqwest::header::AUTHORIZATION;
use reqwest::{Method, RequestBuilder, multipart};
use serde_json::Value;

use crate::{Answer, Chart, Index, Server};

/// Requests.
impl Server {
    /// A request to be finished by the caller. The path is normalised on its way: for odd ones use [`crate::exchange`].
    pub fn request(&self, method: Method, path: &str) -> RequestBuilder {
        let request = self.client.request(method, self.url(path));
        match &self.authorization {
            Some(authorization) => request.header(AUTHORIZATION, authorization),
            None => request,
        }
    }

    /// Sends a request and takes the whole answer; fails if there is none.
    pub async fn send(&self, request: RequestBuilder) -> Answer {
        self.try_send(request).await.unwrap_or_else(|error| panic!("{error:?}\n{}", self.diagnosis()))
    }

    /// Sends a request and takes the whole answer, if the server lives to give one.
    pub async fn try_send(&self, request: RequestBuilder) -> reqwest::Result<Answer> {
        let request = request.build()?;
        let query = request.url().query().map(|query| format!("?{query}")).unwrap_or_default();
        let name = format!("{} {}{query}", request.method(), request.url().path());
        let response = self.client.execute(request).await?;
        let (status, headers) = (response.status().as_u16(), response.headers().clone());
        Ok(Answer { request: name, status, headers, body: response.bytes().await? })
    }

    /// GET.
    pub async fn get(&self, path: &str) -> Answer {
        self.send(self.request(Method::GET, path)).await
    }

    /// GET with one header.
    pub async fn get_with(&self, path: &str, header: &str, value: &str) -> Answer {
        self.send(self.request(Method::GET, path).header(header, value)).await
    }

    /// HEAD.
    pub async fn head(&self, path: &str) -> Answer {
        self.send(self.request(Method::HEAD, path)).await
    }

    /// DELETE.
    pub async fn delete(&self, path: &str) -> Answer {
        self.send(self.request(Method::DELETE, path)).await
    }

    /// POST of a raw body, as `curl --data-binary` sends it.
    pub async fn post(&self, path: &str, body: impl Into<Bytes>) -> Answer {
        let request = self
            .request(Method::POST, path)
            .header("content-type", "application/x-www-form-urlencoded")
            .body(body.into());
        self.send(request).await
    }

    /// POST of a form of files, as `curl -F field=@file` sends it.
    pub async fn post_form(&self, path: &str, parts: &[(&str, &[u8])]) -> Answer {
        let form = parts.iter().fold(multipart::Form::new(), |form, (field, content)| {
            form.part((*field).to_owned(), multipart::Part::bytes(content.to_vec()).file_name("any.name"))
        });
        self.send(self.request(Method::POST, path).multipart(form)).await
    }

    /// Uploads a package to the repository at the root.
    pub async fn upload(&self, chart: &Chart) -> Answer {
        self.post("/api/charts", chart.bytes.clone()).await
    }

    /// Uploads a package to a repository.
    pub async fn upload_to(&self, repository: &str, chart: &Chart) -> Answer {
        self.post(&format!("{}/charts", api(repository)), chart.bytes.clone()).await
    }

    /// Uploads a package to a repository. It must be taken.
    pub async fn publish(&self, repository: &str, chart: &Chart) {
        let answer = self.upload_to(repository, chart).await.expect(201);
        assert_eq!(answer.text(), r#"{"saved":true}"#);
    }

    /// Reads a repository's index; the name is a path without slashes around it, empty for the root.
    pub async fn index(&self, repository: &str) -> Index {
        Index::read(self.get(&format!("{}/index.yaml", below(repository))).await)
    }

    /// The API's list of a repository.
    pub async fn listing(&self, repository: &str) -> Value {
        self.get(&format!("{}/charts", api(repository))).await.expect(200).json()
    }

    /// Downloads what the repository's index names for a version, and holds it to the digest there.
    pub async fn pull(&self, repository: &str, name: &str, version: &str) -> Bytes {
        let index = self.index(repository).await;
        let url = index.url(name, version);
        let answer = self.get(&format!("{}/{url}", below(repository))).await.expect(200);
        let digest = chart::Digest::of(&answer.body).to_string();
        assert_eq!(
            index.entry(name, version)["digest"],
            digest,
            "{name} {version} has other bytes than the index says"
        );
        answer.body
    }
}

fn below(repository: &str) -> String {
    if repository.is_empty() { String::new() } else { format!("/{repository}") }
}

fn api(repository: &str) -> String {
    format!("/api{}", below(repository))
}
