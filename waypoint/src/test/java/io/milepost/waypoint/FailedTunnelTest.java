package io.milepost.waypoint;

import static org.assertj.core.api.Assertions.assertThat;

import io.milepost.hbone.TunnelException;
import io.milepost.hbone.TunnelTarget;
import io.milepost.mesh.TelemetrySettings;
import io.milepost.telemetry.AccessLogFormat;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.util.List;
import org.junit.jupiter.api.Test;

class FailedTunnelTest {
    private static final AccessLogFormat FORMAT = AccessLogFormat.compile(
            new TelemetrySettings.Format.Text(
                    "\"%REQ(:METHOD)% %PROTOCOL%\" %RESPONSE_CODE% %RESPONSE_FLAGS% \"%UPSTREAM_TRANSPORT_FAILURE_REASON%\" "
                            + "\"%UPSTREAM_HOST%\" %UPSTREAM_CLUSTER_RAW% %UPSTREAM_LOCAL_ADDRESS% %DOWNSTREAM_LOCAL_ADDRESS% %DOWNSTREAM_REMOTE_ADDRESS%"));

    private static String line(TunnelException why) {
        TunnelTarget target = new TunnelTarget(new InetSocketAddress("127.1.2.1", 15008), List.of(), "127.1.2.1:9999");
        ByteBuf out = Unpooled.buffer();
        FORMAT.write(new FailedTunnel(target, why, System.nanoTime()), out);
        return out.toString(StandardCharsets.UTF_8).strip();
    }

    /** Fields of the line recorded in hbone-log-default. */
    @Test
    void refusedByTheEndpoint() {
        assertThat(line(new TunnelException(TunnelException.Kind.REFUSED, 503, "refused")))
                .isEqualTo("\"- -\" 0 UF,URX \"tunnel_response:503\" \"127.1.2.1:15008\" connect_originate - "
                        + "127.1.2.1:9999 envoy://internal_client_address/");
    }

    @Test
    void notConnected() {
        assertThat(line(new TunnelException(TunnelException.Kind.CONNECT_FAILED, 0, "connection refused")))
                .contains("UF,URX \"connection_refused\"");
    }
}
