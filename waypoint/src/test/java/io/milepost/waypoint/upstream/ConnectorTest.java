package io.milepost.waypoint.upstream;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.milepost.filters.RetryDecider.Reset;
import io.milepost.mesh.Cluster.ProxyProtocol;
import io.netty.channel.Channel;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.util.concurrent.Future;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.api.io.TempDir;

/** Addresses, times and PROXY headers on real connections over loopback. */
@SuppressWarnings("NullAway") // a null where none belongs fails the test
class ConnectorTest {
    @TempDir
    Path dir;

    @RegisterExtension
    final ConnectorRig rig = new ConnectorRig();

    @Test
    @DisplayName("several addresses: one that refuses is passed over")
    void refusingAddress() {
        rig.serve(null);
        int port = rig.port();
        rig.f.endpoints(Fixture.at("127.0.0.77", port).withMore(List.of("127.0.0.1")));
        assertThat(rig.hello(rig.f.build(), Traits.NONE)).isNull();
        await().untilAsserted(() -> assertThat(rig.received).containsExactly("hello"));
    }

    @Test
    @DisplayName("several addresses: one that does not answer is passed over, TLS goes to the other")
    void silentAddress() throws Exception {
        TestCertificates ca = new TestCertificates("test authority");
        rig.serve(ConnectorRig.server(ca.issue(TestCertificates.dns("api.example")), null));
        rig.f.tls = Optional.of(ConnectorRig.tls(TestCertificates.pem(dir.resolve("ca.pem"), ca.authority()), ""));
        int port = rig.port();
        try (ServerSocket silent = new ServerSocket(port, 1, InetAddress.getByName("127.0.0.78"));
                Socket one = new Socket("127.0.0.78", port);
                Socket two = new Socket("127.0.0.78", port)) {
            assertThat(silent.isBound() && one.isConnected() && two.isConnected())
                    .as("the queue is full: Linux lets further clients wait")
                    .isTrue();
            rig.f.endpoints(Fixture.at("127.0.0.78", port).withMore(List.of("127.0.0.1")));
            assertThat(rig.hello(rig.f.build(), rig.request("api.example"))).isNull();
        }
        await().untilAsserted(() -> assertThat(rig.received).containsExactly("hello"));
    }

    @Test
    @DisplayName("several addresses: when none answers, it is as with one")
    void noAddress() {
        rig.serve(null);
        int port = rig.port();
        rig.f.endpoints(Fixture.at("127.0.0.77", port).withMore(List.of("127.0.0.79")));
        Throwable t = rig.hello(rig.f.build(), Traits.NONE);
        assertThat(t).hasMessageContaining("Connection refused");
        assertThat(Connector.reason(t)).isEqualTo(Reset.CONNECT_FAILURE);
        assertThat(rig.received).isEmpty();
    }

    @Test
    @DisplayName("PROXY v1 comes before the first byte, and before TLS")
    void proxyV1() throws Exception {
        rig.serve(null);
        rig.f.proxy = Optional.of(ProxyProtocol.V1);
        Traits traits = Traits.of(
                rig.f.cluster(), "x", new InetSocketAddress("10.1.1.1", 4711), new InetSocketAddress("10.96.0.1", 80));
        assertThat(rig.hello(rig.f.build(), traits)).isNull();
        await().untilAsserted(() ->
                assertThat(String.join("", rig.received)).isEqualTo("PROXY TCP4 10.1.1.1 10.96.0.1 4711 80\r\nhello"));
        rig.received.clear();
        rig.f.tls = Optional.of(ConnectorRig.tls(null, ""));
        HostState h = rig.f.build().hosts().getFirst();
        ClusterState withTls = rig.f.build();
        Future<Channel> never = rig.loop
                .submit(() -> rig.connector.connect(rig.loop, withTls, h, traits, new ChannelInboundHandlerAdapter()))
                .syncUninterruptibly()
                .getNow();
        await().untilAsserted(() -> assertThat(String.join("", rig.received))
                .startsWith("PROXY TCP4 10.1.1.1 10.96.0.1 4711 80\r\n\u0016\u0003"));
        assertThat(never.isSuccess()).isFalse();
    }

    @Test
    @DisplayName("connect timeout: an address that does not answer the handshake")
    void timeout() throws Exception {
        rig.serve(null);
        rig.f.connectTimeoutMillis = 100;
        rig.f.tls = Optional.of(ConnectorRig.tls(null, ""));
        Throwable t = rig.hello(rig.f.build(), rig.request("api.example"));
        assertThat(t).isNotNull();
        assertThat(Connector.reason(t)).isIn(Reset.CONNECT_TIMEOUT, Reset.CONNECT_FAILURE);
    }
}
