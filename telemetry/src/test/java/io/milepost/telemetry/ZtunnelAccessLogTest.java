package io.milepost.telemetry;

import static org.assertj.core.api.Assertions.assertThat;

import io.milepost.telemetry.ZtunnelAccessLog.Connection;
import io.milepost.telemetry.ZtunnelAccessLog.Direction;
import io.milepost.telemetry.ZtunnelAccessLog.Event;
import io.milepost.telemetry.ZtunnelAccessLog.Side;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

class ZtunnelAccessLogTest {
    /** 2026-11-21T08:13:04.949420Z. */
    private static final long AT = 1_795_248_784_949_420_999L;

    private static final Side CLIENT =
            new Side("client", "default", "spiffe://cluster.local/ns/default/sa/client", "Kubernetes");
    private static final Side SERVER =
            new Side("zserver", "default", "spiffe://cluster.local/ns/default/sa/server", "Kubernetes");

    private static Connection outbound(Event event, String target, @Nullable String error) {
        return new Connection(
                AT,
                event,
                "127.0.0.1:38360",
                CLIENT,
                "10.77.0.3:15008",
                target,
                "zs.default.svc.cluster.local",
                SERVER,
                Direction.OUTBOUND,
                4,
                4,
                5,
                error);
    }

    private static final String SIDES = "src.addr=127.0.0.1:38360 src.workload=\"client\" src.namespace=\"default\""
            + " src.identity=\"spiffe://cluster.local/ns/default/sa/client\" src.cluster=\"Kubernetes\""
            + " dst.addr=10.77.0.3:15008 dst.hbone_addr=10.77.0.3:8080 dst.service=\"zs.default.svc.cluster.local\""
            + " dst.workload=\"zserver\" dst.namespace=\"default\""
            + " dst.identity=\"spiffe://cluster.local/ns/default/sa/server\" dst.cluster=\"Kubernetes\""
            + " direction=\"outbound\"";

    /** The line of ztunnel-measured. */
    @Test
    void complete() {
        assertThat(ZtunnelAccessLog.format(outbound(Event.COMPLETE, "10.77.0.3:8080", null)))
                .isEqualTo("2026-11-21T08:13:04.949420Z\tinfo\taccess\tconnection complete\t" + SIDES
                        + " bytes_sent=4 bytes_recv=4 duration=\"5ms\"");
    }

    /** Forms of hbone-and-ztunnel 6.1. */
    @Test
    void errorsAndOpenings() {
        assertThat(ZtunnelAccessLog.format(outbound(Event.COMPLETE, "10.77.0.3:8080", "http status: 401 Unauthorized")))
                .isEqualTo("2026-11-21T08:13:04.949420Z\terror\taccess\tconnection complete\t" + SIDES
                        + " bytes_sent=4 bytes_recv=4 duration=\"5ms\" error=\"http status: 401 Unauthorized\"");
        assertThat(ZtunnelAccessLog.format(outbound(Event.OPENED, "10.77.0.3:8080", null)))
                .isEqualTo("2026-11-21T08:13:04.949420Z\tdebug\taccess\tconnection opened\t" + SIDES);
        assertThat(ZtunnelAccessLog.format(new Connection(
                        AT,
                        Event.FAILED,
                        "10.0.0.9:4",
                        Side.NOBODY,
                        "10.0.0.1:15008",
                        null,
                        null,
                        Side.NOBODY,
                        Direction.INBOUND,
                        0,
                        0,
                        0,
                        "ip mismatch: 10.0.0.1 != 10.0.0.2")))
                .isEqualTo("2026-11-21T08:13:04.949420Z\twarn\taccess\tconnection failed\tsrc.addr=10.0.0.9:4"
                        + " dst.addr=10.0.0.1:15008 direction=\"inbound\""
                        + " error=\"ip mismatch: 10.0.0.1 != 10.0.0.2\"");
    }

    @Test
    void peersCannotForgeFieldsOrLines() {
        assertThat(ZtunnelAccessLog.format(outbound(Event.COMPLETE, "a b\nc:1", "x\" error=\"y\n\u0001")))
                .contains(" dst.hbone_addr=a?b?c:1 ")
                .endsWith(" error=\"x\\\" error=\\\"y\\n\\u{1}\"");
    }
}
