package io.milepost.waypoint.observe;

import static org.assertj.core.api.Assertions.assertThat;

import io.milepost.mesh.Cluster;
import io.milepost.mesh.RouteRule;
import org.junit.jupiter.api.Test;

/** Forms of log-times and of the recorded clusters; the workload's is seen by the fidelity suite. */
class UpstreamMetadataTest {
    private static final Cluster CLUSTER = Cluster.of(
            "inbound-vip|9080|http/v1|reviews-v1.default.svc.cluster.local",
            "reviews-v1.default.svc.cluster.local",
            "reviews-v1",
            "default",
            Cluster.Protocol.HTTP1);

    @Test
    void servicesOfACluster() {
        assertThat(UpstreamMetadata.ofCluster(CLUSTER, "services"))
                .isEqualTo(
                        "[{\"host\":\"reviews-v1.default.svc.cluster.local\",\"name\":\"reviews-v1\",\"namespace\":\"default\"}]");
    }

    @Test
    void subsetAndAll() {
        assertThat(UpstreamMetadata.ofCluster(CLUSTER, "subset")).isEqualTo("http/v1");
        assertThat(UpstreamMetadata.ofCluster(CLUSTER, ""))
                .isEqualTo("{\"services\":" + UpstreamMetadata.ofCluster(CLUSTER, "services")
                        + ",\"subset\":\"http/v1\"}");
    }

    /** Asked of Envoy 1.40.0 (wheel) with the resources of the recorded case log-default. */
    @Test
    void virtualServiceOfARoute() {
        String config = "/apis/networking.istio.io/v1/namespaces/default/virtual-service/reviews";
        assertThat(RouteRule.config("default", "reviews")).isEqualTo(config);
        assertThat(UpstreamMetadata.ofRoute(config, "config")).isEqualTo(config);
        assertThat(UpstreamMetadata.ofRoute(config, "")).isEqualTo("{\"config\":\"" + config + "\"}");
        assertThat(UpstreamMetadata.ofRoute(config, "nope")).isNull();
        assertThat(UpstreamMetadata.ofRoute("", "config")).isNull();
    }

    @Test
    void nothingOfThatName() {
        assertThat(UpstreamMetadata.ofCluster(CLUSTER, "config")).isNull();
        assertThat(UpstreamMetadata.ofCluster(CLUSTER, "other")).isNull();
        assertThat(UpstreamMetadata.ofCluster(null, "services")).isNull();
        assertThat(UpstreamMetadata.ofCluster(Cluster.of("encap", "", "", "", Cluster.Protocol.CLIENT), ""))
                .isNull();
    }
}
