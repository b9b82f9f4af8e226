package io.milepost.ztunnel.proxy;

import static org.assertj.core.api.Assertions.assertThat;

import io.milepost.hbone.TunnelException;
import io.milepost.hbone.TunnelException.Kind;
import io.milepost.mesh.IpAddress;
import io.milepost.telemetry.ZtunnelMetrics.Flag;
import io.netty.channel.ConnectTimeoutException;
import java.net.ConnectException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.ByteBuffer;
import java.util.HexFormat;
import org.junit.jupiter.api.Test;

/** Words and bytes that others read: the table "As client" of ztunnel-measured.md, headers, kernel structures. */
class TextsTest {
    @Test
    void failuresInTheWordsOfAZtunnel() {
        TunnelException forbidden = new TunnelException(Kind.REFUSED, 403, "whatever");
        assertThat(Failures.text(forbidden)).isEqualTo("http status: 403 Forbidden");
        assertThat(Failures.flag(forbidden)).isEqualTo(Flag.CONNECT);
        TunnelException refused = new TunnelException(
                Kind.CONNECT_FAILED,
                0,
                "long",
                new ConnectException("finishConnect(..) failed: Connection refused: /127.0.0.1:1"));
        assertThat(Failures.text(refused)).isEqualTo("io error: Connection refused (os error 111)");
        assertThat(Failures.flag(refused)).isEqualTo(Flag.CONNECT);
        TunnelException timeout = new TunnelException(Kind.CONNECT_TIMEOUT, 0, "long", new ConnectTimeoutException());
        assertThat(Failures.text(timeout))
                .isEqualTo(
                        "connection timed out, maybe a NetworkPolicy is blocking HBONE port 15008: deadline has elapsed");
        assertThat(Failures.flag(timeout)).isEqualTo(Flag.NETWORK_POLICY);
        TunnelException san = new TunnelException(
                Kind.TLS,
                0,
                "TLS handshake with 10.0.0.1:15008 failed: identity verification error: peer did not present the expected SAN (a), got [b]");
        assertThat(Failures.text(san))
                .isEqualTo(
                        "io error: invalid peer certificate: Other(OtherError(identity verification error: peer did not"
                                + " present the expected SAN (a), got [b]))");
        assertThat(Failures.flag(new TunnelException(Kind.CONNECTION_CLOSED, 0, "x")))
                .isEqualTo(Flag.H2_HANDSHAKE_FAILURE);
        assertThat(Failures.application(new ConnectException("Connection refused: /127.0.0.1:1")))
                .isEqualTo("connection failed: Connection refused (os error 111)");
    }

    @Test
    void everyTraceIsValidAndItsOwn() {
        String first = Headers.traceparent();
        // W3C Trace Context, version 00: no id is all zero. A malformed one kills the connection of a real ztunnel.
        assertThat(first)
                .matches("00-(?!0{32})[0-9a-f]{32}-(?!0{16})[0-9a-f]{16}-00")
                .isNotEqualTo(Headers.traceparent());
    }

    @Test
    void originalDestinationsOfBothFamilies() throws Exception {
        ByteBuffer v4 = ByteBuffer.wrap(HexFormat.of().parseHex("0200" + "1f90" + "0a4e0001" + "0000000000000000"));
        assertThat(OriginalDestination.Sockaddr.parse(v4))
                .isEqualTo(new InetSocketAddress(InetAddress.getByName("10.78.0.1"), 8080));
        ByteBuffer v6 = ByteBuffer.wrap(HexFormat.of()
                .parseHex("0a00" + "0050" + "00000000" + "fd000000000000000000000000000001" + "00000000"));
        assertThat(OriginalDestination.Sockaddr.parse(v6))
                .isEqualTo(new InetSocketAddress(InetAddress.getByName("fd00::1"), 80));
        assertThat(OriginalDestination.Sockaddr.parse(ByteBuffer.allocate(3))).isNull();
        assertThat(OriginalDestination.Sockaddr.parse(ByteBuffer.allocate(16))).isNull();
    }

    @Test
    void theSourceOfConnectionsIsThePodWhereTheKernelLetsIt() throws Exception {
        IpAddress loopback = IpAddress.parse("127.20.0.1").orElseThrow();
        IpAddress pod = IpAddress.parse("10.0.0.1").orElseThrow();
        assertThat(Transport.source(loopback, InetAddress.getByName("127.20.0.2")))
                .isEqualTo(loopback.toInetAddress());
        assertThat(Transport.source(loopback, InetAddress.getByName("192.0.2.1")))
                .isNull();
        assertThat(Transport.source(pod, InetAddress.getByName("192.0.2.1"))).isEqualTo(pod.toInetAddress());
        assertThat(Transport.source(pod, InetAddress.getByName("fd00::1"))).isNull();
    }
}
