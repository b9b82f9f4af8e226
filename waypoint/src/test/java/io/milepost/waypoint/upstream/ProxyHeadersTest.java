package io.milepost.waypoint.upstream;

import static org.assertj.core.api.Assertions.assertThat;

import io.milepost.mesh.Cluster.ProxyProtocol;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufUtil;
import io.netty.buffer.Unpooled;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;

/** PROXY headers as they stand on the wire. */
class ProxyHeadersTest {
    private static InetSocketAddress address(String ip, int port) {
        return new InetSocketAddress(ip, port);
    }

    @Test
    @DisplayName("PROXY headers as tables (the specification's forms)")
    void proxyHeaders() {
        assertThat(v1(address("2001:db8::1", 1), address("2001:db8::2", 2)))
                .isEqualTo("PROXY TCP6 2001:db8::1 2001:db8::2 1 2\r\n");
        assertThat(v1(null, null)).isEqualTo("PROXY UNKNOWN\r\n");
        assertThat(v1(address("10.0.0.1", 1), address("2001:db8::2", 2))).isEqualTo("PROXY UNKNOWN\r\n");
        assertThat(v2(address("10.1.1.1", 4711), address("10.96.0.1", 80)))
                .isEqualTo(
                        "0d0a0d0a000d0a515549540a" + "21" + "11" + "000c" + "0a010101" + "0a600001" + "1267" + "0050");
        assertThat(v2(null, null)).isEqualTo("0d0a0d0a000d0a515549540a" + "20" + "00" + "0000");
    }

    private static String v1(@Nullable InetSocketAddress from, @Nullable InetSocketAddress to) {
        ByteBuf b = ProxyHeaders.of(ProxyProtocol.V1, Unpooled.EMPTY_BUFFER.alloc(), from, to);
        try {
            return b.toString(StandardCharsets.US_ASCII);
        } finally {
            b.release();
        }
    }

    private static String v2(@Nullable InetSocketAddress from, @Nullable InetSocketAddress to) {
        ByteBuf b = ProxyHeaders.of(ProxyProtocol.V2, Unpooled.EMPTY_BUFFER.alloc(), from, to);
        try {
            return ByteBufUtil.hexDump(b);
        } finally {
            b.release();
        }
    }
}
