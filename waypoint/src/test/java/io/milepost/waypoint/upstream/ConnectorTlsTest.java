package io.milepost.waypoint.upstream;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.milepost.filters.RetryDecider.Reset;
import io.milepost.mesh.Cluster.UpstreamTls;
import io.milepost.mesh.PrivateKeyText;
import io.milepost.mesh.ValueMatch;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.api.io.TempDir;

/** TLS to endpoints on real connections over loopback. */
@SuppressWarnings("NullAway") // a null where none belongs fails the test
class ConnectorTlsTest {
    @TempDir
    Path dir;

    @RegisterExtension
    final ConnectorRig rig = new ConnectorRig();

    private TestCertificates ca;

    @BeforeEach
    void authority() throws Exception {
        ca = new TestCertificates("test authority");
    }

    @Test
    @DisplayName("SIMPLE: authority from a file, server name and expected name from Host (auto SNI)")
    void simple() throws Exception {
        rig.serve(ConnectorRig.server(ca.issue(TestCertificates.dns("api.example")), null));
        rig.f.tls = Optional.of(ConnectorRig.tls(TestCertificates.pem(dir.resolve("ca.pem"), ca.authority()), ""));
        ClusterState c = rig.f.build();
        assertThat(rig.hello(c, rig.request("API.example:443"))).isNull();
        await().untilAsserted(() -> assertThat(rig.received).containsExactly("hello"));
        assertThat(rig.serverNames).containsExactly("api.example");
        assertThat(rig.clients).containsExactly("none");
    }

    @Test
    @DisplayName("a certificate for another name is refused, and nothing of the request is sent")
    void wrongName() throws Exception {
        rig.serve(ConnectorRig.server(ca.issue(TestCertificates.dns("other.example")), null));
        rig.f.tls = Optional.of(ConnectorRig.tls(TestCertificates.pem(dir.resolve("ca.pem"), ca.authority()), ""));
        ClusterState c = rig.f.build();
        Throwable t = rig.hello(c, rig.request("api.example"));
        assertThat(t).hasMessageContaining("not for api.example");
        assertThat(Connector.reason(t)).isEqualTo(Reset.CONNECT_FAILURE);
        assertThat(c.stats().tlsFailures.sum()).isEqualTo(1);
        assertThat(rig.received).isEmpty();
    }

    @Test
    @DisplayName("configured names replace the comparison with Host; wildcards in certificates stand for one label")
    void sans() throws Exception {
        rig.serve(ConnectorRig.server(
                ca.issue(TestCertificates.dns("*.example"), TestCertificates.uri("spiffe://td/ns/a/sa/b")), null));
        Path file = TestCertificates.pem(dir.resolve("ca.pem"), ca.authority());
        rig.f.tls = Optional.of(ConnectorRig.tls(file, "sni.test", ValueMatch.exact("spiffe://td/ns/a/sa/b")));
        assertThat(rig.hello(rig.f.build(), rig.request("whatever"))).isNull();
        assertThat(rig.serverNames).containsExactly("sni.test");
        rig.f.tls = Optional.of(ConnectorRig.tls(file, "", ValueMatch.exact("api.example")));
        assertThat(rig.hello(rig.f.build(), rig.request("whatever"))).isNull();
        rig.f.tls = Optional.of(ConnectorRig.tls(file, "", ValueMatch.exact("a.b.example")));
        assertThat(rig.hello(rig.f.build(), rig.request("whatever"))).isNotNull();
    }

    @Test
    @DisplayName("a certificate of another authority is refused; insecureSkipVerify accepts it")
    void otherAuthority() throws Exception {
        rig.serve(ConnectorRig.server(new TestCertificates("other").issue(TestCertificates.dns("api.example")), null));
        Path file = TestCertificates.pem(dir.resolve("ca.pem"), ca.authority());
        rig.f.tls = Optional.of(ConnectorRig.tls(file, ""));
        assertThat(rig.hello(rig.f.build(), rig.request("api.example"))).isNotNull();
        rig.f.tls = Optional.of(ConnectorRig.tls(null, ""));
        assertThat(rig.hello(rig.f.build(), rig.request("api.example")))
                .as("the system's authorities")
                .isNotNull();
        rig.f.tls = Optional.of(new UpstreamTls(
                Optional.empty(), List.of(), Optional.empty(), Optional.empty(), Optional.empty(), true, false));
        assertThat(rig.hello(rig.f.build(), rig.request("api.example"))).isNull();
    }

    @Test
    @DisplayName("MUTUAL: the client's certificate is presented")
    void mutual() throws Exception {
        rig.serve(ConnectorRig.server(ca.issue(TestCertificates.dns("api.example")), ca.authority()));
        TestCertificates.Issued own = ca.issue(TestCertificates.uri("spiffe://td/ns/a/sa/waypoint"));
        rig.f.tls = Optional.of(new UpstreamTls(
                Optional.empty(),
                List.of(),
                Optional.of(TestCertificates.pem(dir.resolve("ca.pem"), ca.authority())
                        .toString()),
                Optional.of(TestCertificates.pem(dir.resolve("cert.pem"), own.certificate())
                        .toString()),
                Optional.of(
                        TestCertificates.pem(dir.resolve("key.pem"), own.key()).toString()),
                false,
                false));
        assertThat(rig.hello(rig.f.build(), rig.request("api.example"))).isNull();
        await().untilAsserted(() -> assertThat(rig.clients).hasSize(1));
        assertThat(rig.clients.getFirst()).contains("spiffe://td/ns/a/sa/waypoint");
    }

    @Test
    @DisplayName("MUTUAL from texts of a Secret; what does not fit fails closed")
    void mutualOfTexts() throws Exception {
        rig.serve(ConnectorRig.server(ca.issue(TestCertificates.dns("api.example")), ca.authority()));
        TestCertificates.Issued own = ca.issue(TestCertificates.uri("spiffe://td/ns/a/sa/secret"));
        rig.f.tls = Optional.of(texts(own, own));
        assertThat(rig.f.tls.toString())
                .as("what admin pages and logs may show")
                .doesNotContain("PRIVATE KEY");
        assertThat(rig.hello(rig.f.build(), rig.request("api.example"))).isNull();
        await().untilAsserted(() -> assertThat(rig.clients).hasSize(1));
        assertThat(rig.clients.getFirst()).contains("spiffe://td/ns/a/sa/secret");
        rig.f.tls = Optional.of(texts(own, ca.issue(TestCertificates.uri("spiffe://td/ns/a/sa/other"))));
        assertThat(rig.hello(rig.f.build(), rig.request("api.example"))).hasMessageContaining("TLS handshake");
        rig.f.tls = Optional.of(new UpstreamTls(
                Optional.empty(),
                List.of(),
                Optional.empty(),
                Optional.empty(),
                Optional.empty(),
                true,
                false,
                Optional.empty(),
                Optional.of(new UpstreamTls.Identity("no certificate", new PrivateKeyText("no key")))));
        assertThat(rig.hello(rig.f.build(), rig.request("api.example")))
                .hasMessageContaining("is not possible, nothing is sent");
        assertThat(rig.received).containsExactly("hello");
    }

    private UpstreamTls texts(TestCertificates.Issued certificate, TestCertificates.Issued key) throws Exception {
        return new UpstreamTls(
                Optional.empty(),
                List.of(),
                Optional.empty(),
                Optional.empty(),
                Optional.empty(),
                false,
                false,
                Optional.of(Files.readString(TestCertificates.pem(dir.resolve("ca.pem"), ca.authority()))),
                Optional.of(new UpstreamTls.Identity(
                        Files.readString(TestCertificates.pem(dir.resolve("cert.pem"), certificate.certificate())),
                        new PrivateKeyText(
                                Files.readString(TestCertificates.pem(dir.resolve("key.pem"), key.key()))))));
    }

    @Test
    @DisplayName("files that cannot be read: every connection fails, nothing goes out; mended files are picked up")
    void failsClosed() throws Exception {
        rig.serve(ConnectorRig.server(ca.issue(TestCertificates.dns("api.example")), null));
        Path file = dir.resolve("ca.pem");
        rig.f.tls = Optional.of(ConnectorRig.tls(file, ""));
        ClusterState c = rig.f.build();
        Throwable t = rig.hello(c, rig.request("api.example"));
        assertThat(t)
                .hasMessageContaining(Fixture.NAME)
                .hasMessageContaining("no such file")
                .hasMessageContaining("ca.pem");
        assertThat(c.problem()).contains("ca.pem");
        Files.writeString(file, "no certificate");
        c.refreshFiles();
        assertThat(rig.hello(c, rig.request("api.example"))).isNotNull();
        assertThat(rig.received).isEmpty();
        TestCertificates.pem(file, ca.authority());
        c.refreshFiles();
        assertThat(c.problem()).isEmpty();
        assertThat(rig.hello(c, rig.request("api.example"))).isNull();
        Files.delete(file);
        c.refreshFiles();
        assertThat(rig.hello(c, rig.request("api.example")))
                .as("what was read stays in use")
                .isNull();
    }

    @Test
    @DisplayName("MUTUAL with a certificate and no key fails closed")
    void halfMutual() throws Exception {
        rig.serve(null);
        rig.f.tls = Optional.of(new UpstreamTls(
                Optional.empty(), List.of(), Optional.empty(), Optional.of("cert.pem"), Optional.empty(), true, false));
        assertThat(rig.hello(rig.f.build(), rig.request("api.example"))).hasMessageContaining("one of both files");
        assertThat(rig.received).isEmpty();
    }
}
