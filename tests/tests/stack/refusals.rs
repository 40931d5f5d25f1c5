//! Bad input: a render fails with a sentence that says what to set.

use acceptance::Outcome;

use crate::render::{Case, KUBERNETES, Workbench, each, helm_3, helm_4};

/// A chart, the case that it starts from, what is set, and a part of the sentence.
struct Refusal(&'static str, &'static str, &'static [&'static str], &'static str);

const REFUSALS: &[Refusal] = &[
    // The library's, once each, by the chart that has the value.
    Refusal("wordpress", "default", &["wordpressPasword=x"], "additional properties 'wordpressPasword' not allowed"),
    Refusal("wordpress", "default", &["persistence.hostPath=/x"], "additional properties 'hostPath' not allowed"),
    Refusal("wordpress", "default", &["image.tag=latest"], "set a fixed image.tag, or image.digest"),
    Refusal("wordpress", "default", &["image.tag="], "set image.digest or image.tag"),
    Refusal("wordpress", "default", &["image.digest=sha256:1"], "/image/digest"),
    Refusal(
        "wordpress",
        "default",
        &["wordpressPassword="],
        "set existingSecret to the name of a Secret, or wordpressPassword",
    ),
    Refusal("wordpress", "default", &["externalDatabase.password="], "set externalDatabase.existingSecret"),
    Refusal("wordpress", "default", &["externalDatabase.host="], "set externalDatabase.host"),
    Refusal("wordpress", "default", &["externalDatabase.user="], "externalDatabase.user"),
    Refusal("wordpress", "default", &["mariadb.enabled=true"], "install the chart mariadb as a release beside it"),
    Refusal("wordpress", "default", &["production=true"], "set externalDatabase.existingSecret to the name"),
    Refusal("wordpress", "production", &["existingSecret="], "set existingSecret to the name of a Secret"),
    Refusal("wordpress", "production", &["salts.existingSecret="], "set salts.existingSecret"),
    Refusal("wordpress", "default", &["wordpressHost=Shop_1"], "wordpressHost is \"Shop_1\", which is no host name"),
    Refusal("wordpress", "default", &["wordpressHost=https://x.example.com"], "without scheme, port and path"),
    Refusal("wordpress", "default", &["wordpressHost="], "set wordpressHost, ingress.hostname or httpRoute.hostnames"),
    Refusal("wordpress", "default", &["wordpressEmail=me"], "wordpressEmail is \"me\", which is no mail address"),
    Refusal("wordpress", "full", &["ingress.hostname=a..b"], "ingress.hostname is \"a..b\", which is no host name"),
    Refusal("wordpress", "full", &["ingress.hostname="], "set ingress.hostname"),
    Refusal("wordpress", "full", &["ingress.extraHosts[0].name=-x"], "ingress.extraHosts[].name is \"-x\""),
    Refusal("wordpress", "production", &["httpRoute.parentRefs=null"], "set httpRoute.parentRefs"),
    Refusal("wordpress", "production", &["httpRoute.hostnames[0]=x y"], "httpRoute.hostnames is \"x y\""),
    Refusal("wordpress", "production", &["smtpExistingSecret="], "set smtpExistingSecret"),
    Refusal("wordpress", "production", &["smtpHost=a b"], "smtpHost is \"a b\", which is no host name"),
    Refusal("wordpress", "default", &["replicaCount=2"], "set persistence.accessModes to [ReadWriteMany]"),
    Refusal("wordpress", "bare", &["replicaCount=2"], "set persistence.enabled to true"),
    Refusal("wordpress", "default", &["autoscaling.enabled=true"], "5 replicas cannot share a volume"),
    Refusal("wordpress", "production", &["autoscaling.type=both"], "set it to hpa or to keda"),
    Refusal("wordpress", "production", &["autoscaling.type=hpa"], "set autoscaling.type to keda"),
    Refusal(
        "wordpress",
        "production",
        &["autoscaling.requestsPerSecond.serverAddress="],
        "set autoscaling.requestsPerSecond.serverAddress",
    ),
    Refusal(
        "wordpress",
        "production",
        &["autoscaling.requestsPerSecond.target=", "autoscaling.targetCPU="],
        "set autoscaling.targetCPU",
    ),
    Refusal("wordpress", "production", &["autoscaling.minReplicas=9"], "set the first no higher than the second"),
    Refusal("wordpress", "default", &["service.type=External"], "/service/type"),
    // The server's.
    Refusal("chandlery", "default", &["env.open.STORAGE=google"], "set it to local, a directory, or to amazon"),
    Refusal("chandlery", "bucket", &["env.open.STORAGE_AMAZON_BUCKET="], "set env.open.STORAGE_AMAZON_BUCKET"),
    Refusal("chandlery", "bucket", &["env.open.STORAGE_AMAZON_REGION="], "set env.open.STORAGE_AMAZON_REGION"),
    Refusal("chandlery", "default", &["env.open.DISABLE_API=false"], "anybody could upload and delete"),
    Refusal("chandlery", "default", &["env.secret.BASIC_AUTH_USER=x"], "set env.secret.BASIC_AUTH_PASS"),
    Refusal("chandlery", "default", &["env.secret.BASIC_AUTH_PASS=x"], "set env.secret.BASIC_AUTH_USER"),
    Refusal("chandlery", "default", &["env.open.BASIC_AUTH_PASS=x"], "set env.secret.BASIC_AUTH_PASS"),
    Refusal("chandlery", "default", &["env.existingSecret=x"], "set env.existingSecretMappings"),
    Refusal("chandlery", "bucket-keys", &["production=true"], "set env.existingSecret"),
    Refusal("chandlery", "default", &["bearerAuth.secret.enabled=true"], "set env.open.AUTH_REALM"),
    Refusal("chandlery", "default", &["tls.clientCASecret=x"], "set tls.existingSecret"),
    Refusal("chandlery", "default", &["serviceMonitor.enabled=true"], "set env.open.ENABLE_METRICS to true"),
    Refusal("chandlery", "default", &["extraArgs={--depth 1}"], "write it as --flag=value"),
    Refusal("chandlery", "default", &["replicaCount=2"], "cannot share a volume with access mode ReadWriteOnce"),
    // The database's.
    Refusal(
        "mariadb",
        "default",
        &["auth.rootPassword="],
        "set auth.existingSecret to the name of a Secret, or auth.rootPassword",
    ),
    Refusal("mariadb", "database", &["auth.password="], "or auth.password"),
    Refusal("mariadb", "database", &["auth.username=root"], "auth.username to another name"),
    Refusal("mariadb", "database", &["auth.database="], "set auth.database"),
    Refusal("mariadb", "database", &["tls.existingSecret="], "set tls.existingSecret"),
    Refusal("mariadb", "database", &["architecture=replication", "tls.required=false"], "or auth.replicationPassword"),
    Refusal("mariadb", "replication", &["auth.existingSecret="], "set auth.existingSecret to the name of a Secret"),
    Refusal("mariadb", "replication", &["metrics.existingSecret="], "set metrics.existingSecret"),
    Refusal("mariadb", "replication", &["secondary.persistence.existingClaim=x"], "set secondary.replicaCount to 1"),
    Refusal("mariadb", "default", &["architecture=galera"], "/architecture"),
    // The shops' own.
    Refusal("drupal", "default", &["install.enabled=true"], "set image.repository to one that has"),
    Refusal("drupal", "default", &["cron.enabled=true"], "set drush.enabled with an image that has it"),
    Refusal("drupal", "default", &["install.enabled=true", "drush.enabled=true"], "or drupalPassword"),
    Refusal("drupal", "drush", &["keys.existingSecret="], "set keys.existingSecret"),
    Refusal("joomla", "default", &["joomlaPassword=twelve-chars"], "set joomlaPassword to a longer one"),
    Refusal("joomla", "default", &["joomlaPassword="], "or joomlaPassword"),
    Refusal("joomla", "default", &["joomlaUsername=admin1"], "nothing but letters"),
    Refusal("joomla", "default", &["joomlaFullName=Jo"], "set joomlaFullName"),
    Refusal("joomla", "default", &["joomlaSiteName=ab"], "set joomlaSiteName"),
    Refusal("joomla", "default", &["joomlaEmail=me@example"], "which is no mail address"),
    Refusal("joomla", "production", &["keys.existingSecret="], "set keys.existingSecret"),
    Refusal("prestashop", "default", &["prestashopPassword=prestashop_demo"], "set it to another"),
    Refusal("prestashop", "default", &["prestashopPassword=short"], "set prestashopPassword to a longer one"),
    Refusal("prestashop", "default", &["prestashopPassword="], "or prestashopPassword"),
    Refusal("prestashop", "default", &["prestashopHost="], "set prestashopHost, ingress.hostname"),
    Refusal("prestashop", "default", &["prestashopEmail=me"], "which is no mail address"),
    Refusal("prestashop", "default", &["prestashopAdminPath=admin"], "set prestashopAdminPath to another name"),
    Refusal("prestashop", "default", &["prestashopAdminPath=a/b"], "set it to four or more lower-case letters"),
    Refusal("prestashop", "full", &["cron.path="], "set cron.path"),
    Refusal("opencart", "default", &["image.repository="], "build one from deploy/images/opencart"),
    Refusal("opencart", "default", &["opencartPassword=short"], "of 6 to 20 characters"),
    Refusal("opencart", "default", &["opencartPassword="], "or opencartPassword"),
    Refusal("opencart", "default", &["opencartEmail=me"], "which is no mail address"),
    Refusal("opencart", "default", &["opencartAdminPath=../x"], "set it to the back office's folder"),
    Refusal("magento", "default", &["image.repository="], "build one from deploy/images/magento"),
    Refusal("magento", "default", &["image.tag="], "set image.digest or image.tag"),
    Refusal("magento", "default", &["externalSearch.host="], "set externalSearch.host"),
    Refusal("magento", "default", &["externalCache.host="], "set externalCache.host"),
    Refusal("magento", "default", &["magentoPassword=letters"], "set magentoPassword to such a one"),
    Refusal("magento", "default", &["magentoPassword="], "or magentoPassword"),
    Refusal("magento", "default", &["magentoAdminUri=admin"], "and not to admin"),
    Refusal("magento", "default", &["magentoEmail=me"], "which is no mail address"),
    Refusal("magento", "production", &["externalSearch.existingSecret="], "set externalSearch.existingSecret"),
    Refusal("magento", "production", &["keys.existingSecret="], "set keys.existingSecret"),
    // Those of what a cluster has once.
    Refusal("namespace-baseline", "default", &["namespaces=null"], "set namespaces"),
    Refusal("namespace-baseline", "default", &["namespaces[0].name=Shops"], "\"Shops\", which is no name"),
    Refusal("namespace-baseline", "default", &["namespaces[1].name=shops"], "name it once in namespaces"),
    Refusal("namespace-baseline", "default", &["namespaces[0].name=kube-system"], "leave it out of namespaces"),
    Refusal("namespace-baseline", "default", &["defaults.podSecurity=strict"], "to restricted, baseline or privileged"),
    Refusal("gateway", "default", &["hostnames=null"], "set hostnames"),
    Refusal("gateway", "default", &["hostnames[0]=shop.example.com:443"], "which is no host name"),
    Refusal("gateway", "default", &["hostnames[1]=shop.example.com"], "name each once in hostnames"),
    Refusal("gateway", "default", &["tls.issuerRef.name="], "set tls.issuerRef.name"),
    Refusal("gateway", "existing", &["hostnames[1]=blog.example.com"], "set its Secret in tls.existingSecrets"),
    Refusal("acme-issuers", "default", &["email="], "set it to one that is read"),
    Refusal("acme-issuers", "default", &["http01.enabled=false"], "set http01.enabled or dns01.route53.enabled"),
    Refusal("acme-issuers", "default", &["http01.parentRefs=null"], "set http01.parentRefs"),
    Refusal("acme-issuers", "dns", &["dns01.route53.region="], "set dns01.route53.region"),
    Refusal("acme-issuers", "hybrid", &["dns01.route53.accessKeyID="], "or neither"),
    Refusal("backup-check", "default", &["source.s3.bucket="], "set source.s3.bucket"),
    Refusal("backup-check", "default", &["source.s3.region="], "set source.s3.region or source.s3.endpoint"),
    Refusal("backup-check", "volume", &["source.existingClaim="], "set source.existingClaim"),
    Refusal("backup-check", "default", &["schedule=monthly"], "set it to five fields as in cron"),
];

impl Refusal {
    fn case(&self) -> Case {
        Case { chart: self.0.to_owned(), values: format!("ci/{}-values.yaml", self.1) }
    }

    fn is_by_schema(&self) -> bool {
        self.3.starts_with('/') || self.3.contains("additional properties")
    }

    fn render(&self, bench: &Workbench) -> Outcome {
        let set: Vec<_> = self.2.iter().flat_map(|value| ["--set", value]).collect();
        bench.template(&self.case(), KUBERNETES, &set)
    }

    fn check(&self, outcome: &Outcome) {
        assert!(!outcome.success, "{} with {:?} renders", self.0, self.2);
        assert!(outcome.stderr.contains(self.3), "{} with {:?}: {}", self.0, self.2, outcome.stderr);
    }
}

#[test]
fn bad_input_is_refused_with_a_sentence() {
    let Some(bench) = helm_4() else { return };
    each(REFUSALS, |refusal| refusal.check(&refusal.render(bench)));
}

/// Templates are the same for both; what checks schemas is not.
#[test]
fn helm_3_refuses_by_schema_too() {
    let Some(bench) = helm_3() else { return };
    let by_schema: Vec<_> = REFUSALS.iter().filter(|refusal| refusal.is_by_schema()).collect();
    each(&by_schema, |refusal| refusal.check(&refusal.render(bench)));
}
