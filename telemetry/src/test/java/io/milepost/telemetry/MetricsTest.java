package io.milepost.telemetry;

import static org.assertj.core.api.Assertions.assertThat;

import io.milepost.mesh.Locality;
import io.milepost.mesh.SpiffeId;
import io.milepost.mesh.Workload;
import io.milepost.telemetry.Labels.Edge;
import io.milepost.telemetry.Labels.Peer;
import io.milepost.telemetry.Labels.Service;
import java.io.IOException;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.Test;

class MetricsTest {
    private static final String CLIENT = "spiffe://cluster.local/ns/default/sa/client";

    private static Workload workload(String name, String account, String app, String revision, String zone) {
        return new Workload(
                "Kubernetes//Pod/default/" + name,
                name,
                "default",
                List.of(),
                "",
                new SpiffeId("cluster.local", "default", account),
                name + "-dep",
                "deployment",
                app,
                revision,
                "Kubernetes",
                "",
                "node",
                new Locality("r1", zone, ""),
                true,
                true,
                1,
                Map.of(),
                Optional.empty(),
                List.of());
    }

    private static final Service ZS = new Service("zs.default.svc.cluster.local", "zs", "default");

    private static Edge edge() {
        return new Edge(
                Peer.source(workload("client", "client", "client-app", "v1", "z1"), CLIENT),
                Peer.destination(workload("zserver", "server", "zserver-app", "v2", "z2")),
                ZS,
                true);
    }

    private static String scrape(IstioMetrics m) throws IOException {
        StringBuilder s = new StringBuilder();
        m.scrape(s);
        return s.toString();
    }

    private static final String WAYPOINT_LABELS = "reporter=\"waypoint\",source_workload=\"client-dep\","
            + "source_canonical_service=\"client-app\",source_canonical_revision=\"v1\","
            + "source_workload_namespace=\"default\",source_principal=\"" + CLIENT + "\",source_app=\"client-app\","
            + "source_version=\"v1\",source_cluster=\"Kubernetes\",destination_workload=\"zserver-dep\","
            + "destination_workload_namespace=\"default\","
            + "destination_principal=\"spiffe://cluster.local/ns/default/sa/server\","
            + "destination_app=\"zserver-app\",destination_version=\"v2\","
            + "destination_service=\"zs.default.svc.cluster.local\",destination_canonical_service=\"zserver-app\","
            + "destination_canonical_revision=\"v2\",destination_service_name=\"zs\","
            + "destination_service_namespace=\"default\",destination_cluster=\"Kubernetes\",";

    /** Labels and their order are those of waypoint-behaviour 7.1. */
    @Test
    void requestsOfWaypoint() throws IOException {
        IstioMetrics m = new IstioMetrics("1.30");
        HttpSeries s = m.edge(edge()).http(false, 200, -1, 0);
        s.record(3, 100, 3_600_001);
        assertThat(m.edge(edge()).http(false, 200, -1, 0)).isSameAs(s);
        m.edge(edge()).http(true, 200, 7, ResponseFlags.DELAY_INJECTED).record(0, 0, 0);
        String labels = WAYPOINT_LABELS + "request_protocol=\"http\",response_code=\"200\",grpc_response_status=\"\","
                + "response_flags=\"-\",connection_security_policy=\"mutual_tls\"";
        assertThat(scrape(m))
                .contains("# TYPE istio_requests_total counter\n")
                .contains("istio_requests_total{" + labels + "} 1\n")
                .contains("istio_requests_total{" + WAYPOINT_LABELS
                        + "request_protocol=\"grpc\",response_code=\"200\",grpc_response_status=\"7\","
                        + "response_flags=\"DI\",connection_security_policy=\"mutual_tls\"} 1\n")
                .contains("# TYPE istio_request_duration_milliseconds histogram\n")
                .contains("istio_request_duration_milliseconds_bucket{" + labels + ",le=\"1\"} 0\n")
                .contains("istio_request_duration_milliseconds_bucket{" + labels + ",le=\"5\"} 1\n")
                .contains("istio_request_duration_milliseconds_sum{" + labels + "} 3\n")
                .contains("istio_request_bytes_bucket{" + labels + ",le=\"50\"} 0\n")
                .contains("istio_request_bytes_bucket{" + labels + ",le=\"100\"} 1\n")
                .contains("istio_response_bytes_bucket{" + labels + ",le=\"3600000\"} 0\n")
                .contains("istio_response_bytes_bucket{" + labels + ",le=\"+Inf\"} 1\n")
                .contains("istio_response_bytes_count{" + labels + "} 1\n")
                .contains("istio_build{component=\"proxy\",tag=\"1.30\"} 1\n");
    }

    @Test
    void tcpOfWaypointAndForgetting() throws IOException {
        IstioMetrics m = new IstioMetrics("");
        TcpSeries s = m.edge(edge()).tcp(0);
        s.opened();
        s.bytes(11, 21);
        String labels = WAYPOINT_LABELS
                + "request_protocol=\"tcp\",response_flags=\"-\",connection_security_policy=\"mutual_tls\"";
        assertThat(scrape(m))
                .contains("istio_tcp_connections_opened_total{" + labels + "} 1\n")
                .contains("istio_tcp_connections_closed_total{" + labels + "} 0\n")
                .contains("istio_tcp_received_bytes_total{" + labels + "} 11\n")
                .contains("istio_tcp_sent_bytes_total{" + labels + "} 21\n")
                .contains("milepost_metrics_series 1\n");
        m.forget(e -> e.service().equals(ZS));
        assertThat(scrape(m)).doesNotContain("zserver").contains("milepost_metrics_series 0\n");
    }

    @Test
    void unknownSides() throws IOException {
        IstioMetrics m = new IstioMetrics("");
        Peer stranger = Peer.source(null, "spiffe://cluster.local/ns/other/sa/x\"y\\");
        m.edge(new Edge(stranger, Peer.destination(null), Service.UNKNOWN_SERVICE, false))
                .http(false, 0, -1, ResponseFlags.DOWNSTREAM_CONNECTION_TERMINATION)
                .record(1, 1, 1);
        assertThat(scrape(m))
                .contains("source_workload=\"unknown\"")
                .contains("source_workload_namespace=\"other\"")
                .contains("source_principal=\"spiffe://cluster.local/ns/other/sa/x\\\"y\\\\\"")
                .contains("destination_service=\"unknown\"")
                .contains("response_code=\"0\"")
                .contains("response_flags=\"DC\",connection_security_policy=\"none\"");
        assertThat(Peer.source(workload("w", "a", "app", "", ""), CLIENT).canonicalRevision())
                .isEqualTo("latest");
        assertThat(Peer.destination(workload("w", "a", "app", "", "")).canonicalRevision())
                .isEqualTo("unknown");
    }

    @Test
    void seriesAreBounded() throws IOException {
        IstioMetrics m = new IstioMetrics(IstioMetrics.WAYPOINT, "", 3);
        for (int code = 200; code < 210; code++) {
            m.edge(edge()).http(false, code, -1, 0).record(1, 1, 1);
        }
        assertThat(scrape(m))
                .contains("milepost_metrics_series 3\n")
                .contains("milepost_metrics_series_overflow_total 7\n")
                .containsPattern("istio_requests_total\\{reporter=\"waypoint\",source_workload=\"overflow\".*\\} 7\n");
    }

    @Test
    void moreTextIsAppended() throws IOException {
        StringBuilder s = new StringBuilder();
        new IstioMetrics("").scrape(s, () -> "# TYPE jvm_x gauge\njvm_x 1\n");
        assertThat(s).endsWith("jvm_x 1\n");
    }

    /** The line of ztunnel-measured. */
    @Test
    void connectionsOfZtunnel() throws IOException {
        ZtunnelMetrics m = new ZtunnelMetrics("1.30", 100);
        m.series(ZtunnelMetrics.Reporter.SOURCE, edge(), ZtunnelMetrics.Flag.NONE)
                .opened();
        m.series(ZtunnelMetrics.Reporter.SOURCE, edge(), ZtunnelMetrics.Flag.CONNECT)
                .failed();
        StringBuilder s = new StringBuilder();
        m.scrape(s);
        assertThat(s)
                .contains("istio_tcp_connections_opened_total{reporter=\"source\",source_workload=\"client-dep\","
                        + "source_canonical_service=\"client-app\",source_canonical_revision=\"v1\","
                        + "source_workload_namespace=\"default\","
                        + "source_principal=\"spiffe://cluster.local/ns/default/sa/client\","
                        + "source_app=\"client-app\",source_version=\"v1\",source_cluster=\"Kubernetes\","
                        + "destination_service=\"zs.default.svc.cluster.local\","
                        + "destination_service_namespace=\"default\",destination_service_name=\"zs\","
                        + "destination_workload=\"zserver-dep\",destination_canonical_service=\"zserver-app\","
                        + "destination_canonical_revision=\"v2\",destination_workload_namespace=\"default\","
                        + "destination_principal=\"spiffe://cluster.local/ns/default/sa/server\","
                        + "destination_app=\"zserver-app\",destination_version=\"v2\","
                        + "destination_cluster=\"Kubernetes\",request_protocol=\"tcp\",response_flags=\"-\","
                        + "connection_security_policy=\"mutual_tls\",source_region=\"r1\",source_zone=\"z1\","
                        + "destination_region=\"r1\",destination_zone=\"z2\"} 1\n")
                .contains("response_flags=\"CONNECT\"")
                .doesNotContain("istio_tcp_sent_bytes")
                .endsWith("# EOF\n");
    }
}
