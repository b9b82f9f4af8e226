package io.milepost.hbone.wire;

import static org.assertj.core.api.Assertions.assertThat;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufAllocator;
import io.netty.buffer.ByteBufUtil;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Forms from ztunnel-measured.md, HTTP/2 and CONNECT. */
class WireFormsTest {
    @ParameterizedTest
    @CsvSource({
        "10.78.0.1:80,10.78.0.1,80",
        "[2001:db8::1]:8080,2001:db8::1,8080",
        "zs.default.svc:443,zs.default.svc,443"
    })
    void authorityBothWays(String text, String host, int port) {
        assertThat(Authority.parse(text)).isEqualTo(new Authority(host, port));
        assertThat(new Authority(host, port).format()).isEqualTo(text);
    }

    @ParameterizedTest
    @ValueSource(strings = {"", ":80", "host", "host:", "host:x", "host:65536", "[::1]", "::1:80", "a b:80", "u@h:80"})
    void noAuthority(String text) {
        assertThat(Authority.parse(text)).isNull();
    }

    @Test
    void forwarded() {
        String text = Forwarded.format(new Authority("127.0.0.1", 49692), "viawp.default.svc.cluster.local");
        assertThat(text).isEqualTo("for=\"127.0.0.1:49692\";host=viawp.default.svc.cluster.local");
        assertThat(Forwarded.host(text)).isEqualTo("viawp.default.svc.cluster.local");
        assertThat(Forwarded.host("for=\"127.0.0.1:1\"")).isNull();
    }

    @Test
    void baggageBothWays() {
        String text = "k8s.cluster.name=Kubernetes,k8s.namespace.name=default,k8s.deployment.name=client-dep,"
                + "service.name=client-app,service.version=v1,cloud.region=r1,cloud.availability_zone=z1";
        Baggage baggage =
                new Baggage("Kubernetes", "default", "deployment", "client-dep", "client-app", "v1", "r1", "z1");
        assertThat(baggage.format()).isEqualTo(text);
        assertThat(Baggage.parse(text)).isEqualTo(baggage);
    }

    @Test
    void proxyProtocolHeader() {
        // "21 11 003a" with a SPIFFE identity of 43 bytes: 12 for the addresses, 3 for the TLV's head.
        ByteBuf header = ProxyProtocol.v2(
                ByteBufAllocator.DEFAULT,
                new InetSocketAddress("10.78.0.9", 40000),
                new InetSocketAddress("10.78.0.1", 80),
                "spiffe://cluster.local/ns/default/sa/client");
        String hex = ByteBufUtil.hexDump(header);
        header.release();
        assertThat(hex).startsWith("0d0a0d0a000d0a515549540a2111003a0a4e00090a4e00019c400050d0002b");
    }

    /** The examples' form of the PROXY protocol's specification, section 2.1. */
    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "10.78.0.9   | 40000 | 10.78.0.1   | 80    | PROXY TCP4 10.78.0.9 10.78.0.1 40000 80",
                "2001:db8::1 | 65535 | 2001:db8::2 | 65535 | PROXY TCP6 2001:db8::1 2001:db8::2 65535 65535",
                "10.78.0.9   | 40000 | 2001:db8::2 | 80    | PROXY UNKNOWN"
            })
    void proxyProtocolLine(String source, int sourcePort, String destination, int port, String expected) {
        ByteBuf line = ProxyProtocol.v1(
                ByteBufAllocator.DEFAULT,
                new InetSocketAddress(source, sourcePort),
                new InetSocketAddress(destination, port));
        String text = line.toString(StandardCharsets.US_ASCII);
        line.release();
        assertThat(text).isEqualTo(expected + "\r\n");
    }

    @Test
    void proxyProtocolHeaderOfTwoFamilies() {
        ByteBuf header = ProxyProtocol.v2(
                ByteBufAllocator.DEFAULT,
                new InetSocketAddress("10.78.0.9", 40000),
                new InetSocketAddress("2001:db8::2", 80),
                null);
        String hex = ByteBufUtil.hexDump(header);
        header.release();
        assertThat(hex).isEqualTo("0d0a0d0a000d0a515549540a21010000");
    }
}
