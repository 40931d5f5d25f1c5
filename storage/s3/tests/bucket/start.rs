use storage_s3::About;

use super::{gateway, options};

#[tokio::test]
async fn what_is_wrong_at_the_start_is_told_apart() {
    let Some(gateway) = gateway() else { return };
    let good = options(gateway);
    let [access, secret] = gateway.credentials().map(|(_, text)| text);
    let fault = async |options, access: &str, secret: &str| {
        let error = gateway.open_as(options, access, secret).await.unwrap_err();
        (error.about, error.reason)
    };

    let (about, reason) = fault(good.clone(), "nobody", &secret).await;
    assert_eq!(about, About::Credentials, "{reason}");
    assert!(reason.contains("does not know the access key"), "{reason}");

    let (about, reason) = fault(good.clone(), &access, "wrong").await;
    assert_eq!(about, About::Credentials, "{reason}");
    assert!(reason.contains("the secret key is not that of the access key"), "{reason}");

    let mut options = good.clone();
    options.bucket = "missing".to_owned();
    let (about, reason) = fault(options, &access, &secret).await;
    assert_eq!((about, reason), (About::Bucket, format!("there is no bucket missing at {}", gateway.endpoint())));

    let mut options = good.clone();
    options.region = "eu-west-9".to_owned();
    let (about, reason) = fault(options, &access, &secret).await;
    assert_eq!(about, About::Region, "{reason}");
    assert!(reason.contains("the bucket charts is") && reason.contains("eu-west-9"), "{reason}");

    let mut options = good.clone();
    options.endpoint = Some("http://127.0.0.1:1".to_owned());
    options.retries = 0;
    let (about, reason) = fault(options, &access, &secret).await;
    assert_eq!(about, About::Endpoint, "{reason}");
    assert!(reason.contains("http://127.0.0.1:1 does not answer"), "{reason}");

    for (pem, expected) in
        [("", "no certificate in it"), ("-----BEGIN CERTIFICATE-----\nMAo=\n-----END CERTIFICATE-----\n", ": ")]
    {
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), pem).unwrap();
        let mut options = good.clone();
        options.ca_file = Some(file.path().to_owned());
        let (about, reason) = fault(options, &access, &secret).await;
        assert_eq!(about, About::CaFile, "{reason}");
        assert!(reason.contains(expected), "{reason}");
    }
}
