package io.milepost.hbone;

import static io.milepost.hbone.RawPeer.connectTo;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.milepost.hbone.HboneMetrics.Counter;
import io.milepost.hbone.Mesh.Collector;
import io.milepost.hbone.Mesh.Echo;
import io.netty.channel.Channel;
import java.net.InetSocketAddress;
import java.security.KeyPair;
import java.util.List;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/** Who gets in, and whom we talk to. Alerts: ztunnel-measured.md, TLS; trust domains: hbone-and-ztunnel.md §1.1. */
@SuppressWarnings("FutureReturnValueIgnored")
@Timeout(180)
class IdentityTest {
    @RegisterExtension
    final Mesh mesh = new Mesh();

    /** What a client changes about its TLS, and the word of the alert that it must see. */
    static Stream<Arguments> refusedClients() {
        return Stream.of(
                Arguments.of("no certificate", "CERTIFICATE_REQUIRED"),
                Arguments.of("TLS 1.2", "PROTOCOL_VERSION"),
                Arguments.of("other trust domain", "CERTIFICATE_UNKNOWN"),
                Arguments.of("no SPIFFE identity", "CERTIFICATE_UNKNOWN"),
                Arguments.of("other root", "UNKNOWN_CA"),
                Arguments.of("http/1.1 only", "CLOSED"));
    }

    private RawPeer.Tls tls(String kind) {
        RawPeer.Tls tls = RawPeer.Tls.of(mesh.ca, "raw");
        return switch (kind) {
            case "no certificate" -> tls.certificate(null);
            case "TLS 1.2" -> tls.version("TLSv1.2");
            case "other trust domain" ->
                tls.certificate(mesh.ca
                        .workload("spiffe://other.domain/ns/default/sa/raw")
                        .current());
            case "no SPIFFE identity" ->
                tls.certificate(mesh.ca.workload("https://cluster.local/raw").current());
            case "other root" ->
                tls.certificate(new TestCa().workload(TestCa.id("raw")).current());
            default -> tls.offering("http/1.1");
        };
    }

    @ParameterizedTest(name = "{0}: {1}")
    @MethodSource("refusedClients")
    void refusesClients(String kind, String alert) throws Exception {
        HboneServer server = mesh.server(tunnel -> tunnel.accept(new Echo()));
        RawPeer client = RawPeer.connect(mesh.loops, server.addresses().getFirst(), tls(kind));
        client.closed().get(30, TimeUnit.SECONDS);
        // The alert may be told after the end of the connection that it caused.
        await().untilAsserted(() -> assertThat(client.frames()).anyMatch(frame -> frame.contains(alert)));
        assertThat(server.metrics().value(Counter.CONNECTIONS_OPENED)).isZero();
        if (!alert.equals("CLOSED")) {
            await().until(() -> server.metrics().value(Counter.HANDSHAKES_FAILED) == 1);
        }
        assertThat(server.connections()).isZero();
    }

    @Test
    void acceptsClientsWithoutAlpn() throws Exception {
        HboneServer server = mesh.server(tunnel -> tunnel.accept(new Echo()));
        RawPeer client = RawPeer.connect(
                mesh.loops,
                server.addresses().getFirst(),
                RawPeer.Tls.of(mesh.ca, "raw").offering());
        client.sendHeaders(3, connectTo("10.0.0.1:80"), false);
        client.sendData(3, "hello", true);
        assertThat(client.await("SETTINGS")).contains("MAX_CONCURRENT_STREAMS=200", "MAX_FRAME_SIZE=1048576");
        assertThat(client.await("HEADERS")).isEqualTo("HEADERS 3 :status=200");
        assertThat(client.await("DATA")).startsWith("DATA 3 hello");
        client.closeAndWait();
    }

    /** An alias is any further domain that the supplier names; it is asked at each handshake. */
    @Test
    void followsTheTrustDomains() throws Exception {
        CompletableFuture<Set<String>> domains = new CompletableFuture<>();
        HboneServer server = mesh.started(mesh.serverBuilder(tunnel -> tunnel.accept(new Echo()))
                .trustDomains(() -> domains.getNow(Set.of("cluster.local"))));
        WorkloadCertificates old = mesh.ca.workload("spiffe://old.td/ns/default/sa/client");
        HboneClient client = mesh.built(mesh.clientBuilder().certificates(old));
        assertThat(mesh.open(client, Mesh.target(server), new Collector()))
                .failsWithin(30, TimeUnit.SECONDS)
                .withThrowableOfType(ExecutionException.class)
                .withMessageContaining("rejected our certificate");

        domains.complete(Set.of("cluster.local", "old.td"));
        Channel tunnel = mesh.open(client, Mesh.target(server), new Collector()).get(30, TimeUnit.SECONDS);
        assertThat(tunnel.isActive()).isTrue();
    }

    @Test
    void verifiesOneOfTheExpectedIdentities() throws Exception {
        HboneServer server = mesh.server(tunnel -> tunnel.accept(new Echo()));
        HboneClient client = mesh.client();
        List<String> two = List.of(TestCa.id("other"), TestCa.id("server"));
        assertThat(mesh.open(client, Mesh.target(server, two), new Collector())).succeedsWithin(30, TimeUnit.SECONDS);
        // A prefix of the identity is not the identity.
        assertThat(mesh.open(client, Mesh.target(server, List.of(TestCa.id("serve"))), new Collector()))
                .failsWithin(30, TimeUnit.SECONDS)
                .withThrowableOfType(ExecutionException.class)
                .havingCause()
                .isInstanceOfSatisfying(TunnelException.class, e -> {
                    assertThat(e.kind()).isEqualTo(TunnelException.Kind.TLS);
                    assertThat(e).hasMessageContaining("did not present the expected SAN (" + TestCa.id("serve") + ")");
                    assertThat(e).hasMessageContaining("got [" + TestCa.id("server") + "]");
                });
    }

    @Test
    void verifiesTheTrustDomainWhereNoIdentityIsKnown() throws Exception {
        HboneServer server = mesh.server(tunnel -> tunnel.accept(new Echo()));
        assertThat(mesh.open(mesh.client(), Mesh.target(server, List.of()), new Collector()))
                .succeedsWithin(30, TimeUnit.SECONDS);
        HboneClient stranger = mesh.built(mesh.clientBuilder().trustDomains(() -> Set.of("other.domain")));
        assertThat(mesh.open(stranger, Mesh.target(server, List.of()), new Collector()))
                .failsWithin(30, TimeUnit.SECONDS)
                .withThrowableOfType(ExecutionException.class)
                .withMessageContaining("identity of the trust domain (other.domain)");
    }

    @Test
    void refusesServersOfAnotherRoot() throws Exception {
        HboneServer server = mesh.started(mesh.serverBuilder(tunnel -> tunnel.accept(new Echo()))
                .certificates(new TestCa().workload(TestCa.id("server"))));
        HboneClient client = mesh.client();
        assertThat(mesh.open(client, Mesh.target(server), new Collector()))
                .failsWithin(30, TimeUnit.SECONDS)
                .withThrowableOfType(ExecutionException.class)
                .withMessageContaining("TLS handshake with 127.1.1.3:");
        assertThat(client.metrics().value(Counter.HANDSHAKES_FAILED)).isEqualTo(1);
    }

    /** ztunnel-measured.md: a server that selects no ALPN is accepted, TLS 1.2 is not. */
    @Test
    void acceptsServersWithoutAlpnButNotOldTls() throws Exception {
        RawPeer.Tls tls = RawPeer.Tls.of(mesh.ca, "server").offering();
        Channel listener = RawPeer.listen(
                mesh.loops, new InetSocketAddress("127.1.1.3", 0), tls, RawPeer.serverSettings(), RawPeer::answerAll);
        assertThat(mesh.open(mesh.client(), target(listener), new Collector())).succeedsWithin(30, TimeUnit.SECONDS);
        Channel old = RawPeer.listen(
                mesh.loops,
                new InetSocketAddress("127.1.1.3", 0),
                tls.offering("h2").version("TLSv1.2"),
                RawPeer.serverSettings(),
                RawPeer::answerAll);
        assertThat(mesh.open(mesh.client(), target(old), new Collector()))
                .failsWithin(30, TimeUnit.SECONDS)
                .withThrowableOfType(ExecutionException.class)
                .withMessageContaining("TLS handshake with");
    }

    @Test
    void rsaKeysOnBothEnds() throws Exception {
        KeyPair rsa = TestCa.rsa();
        HboneServer server = mesh.started(mesh.serverBuilder(tunnel -> tunnel.accept(new Echo()))
                .certificates(mesh.ca.workload(TestCa.id("server"), rsa)));
        HboneClient client = mesh.built(mesh.clientBuilder().certificates(mesh.ca.workload(TestCa.id("client"), rsa)));
        Collector collector = new Collector();
        Channel tunnel = mesh.open(client, Mesh.target(server), collector).get(30, TimeUnit.SECONDS);
        tunnel.writeAndFlush(Mesh.bytes("rsa"));
        await().untilAsserted(() -> assertThat(collector.text()).isEqualTo("rsa"));
    }

    private static TunnelTarget target(Channel listener) {
        return new TunnelTarget(
                (InetSocketAddress) listener.localAddress(), List.of(TestCa.id("server")), "10.0.0.1:80");
    }
}
