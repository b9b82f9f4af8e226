package io.milepost.bench.peer;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.milepost.config.kube.Finding;
import io.milepost.config.kube.GatewayRef;
import io.milepost.config.kube.KubeObjects;
import io.milepost.config.kube.ObjectFiles;
import io.milepost.config.kube.SnapshotBuilder;
import io.milepost.config.kube.authz.AuthorizationTranslator;
import io.milepost.mesh.HttpChain;
import io.milepost.testbed.ca.TestCa;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Both proxies are told the same. */
class ConfigTest {
    @TempDir
    Path folder;

    private SnapshotBuilder.Result milepost(Workload workload) {
        Milepost.writeConfig(workload, "127.2.16.1", folder);
        KubeObjects objects = new KubeObjects(ObjectFiles.read(folder).parse().objects());
        return new SnapshotBuilder(new AuthorizationTranslator())
                .build(objects, Optional.of(GatewayRef.parse("default/waypoint")));
    }

    private JsonNode envoy(Workload workload) {
        TestCa ca = new TestCa(folder.resolve("ca"));
        return new ObjectMapper()
                .valueToTree(new EnvoyConfig(
                                workload,
                                "127.2.16.2",
                                ca.root(),
                                ca.leaf("default", "waypoint"),
                                folder.resolve("access.log"))
                        .bootstrap());
    }

    private static List<String> names(JsonNode list) {
        List<String> out = new ArrayList<>();
        list.forEach(n -> out.add(n.path("name").asText()));
        return out;
    }

    @Test
    void theSameChainsServeTheSamePorts() {
        SnapshotBuilder.Result ours = milepost(Workload.ofServices(3));
        assertThat(ours.errors()).map(Finding::toString).isEmpty();
        List<String> chains = new ArrayList<>(ours.snapshot().httpChains().values().stream()
                .map(HttpChain::name)
                .toList());
        chains.addAll(ours.snapshot().tcpChains().keySet());
        // What is addressed to pods directly has no services; Envoy's configuration leaves it out.
        chains.removeIf(name -> name.startsWith("direct-"));

        JsonNode listeners = envoy(Workload.ofServices(3)).at("/static_resources/listeners");
        assertThat(names(listeners)).containsExactly("connect_terminate", "main_internal", "connect_originate");
        assertThat(names(listeners.path(1).path("filter_chains")))
                .hasSize(8)
                .containsExactlyInAnyOrderElementsOf(chains);
    }

    @Test
    void theRealisticWorkloadHasTwentyRulesAndThreeDestinations() {
        SnapshotBuilder.Result ours = milepost(Workload.REALISTIC);
        assertThat(ours.errors()).map(Finding::toString).isEmpty();
        HttpChain chain = Objects.requireNonNull(
                ours.snapshot().httpChains().get("inbound-vip|80|http|web.default.svc.cluster.local"));
        assertThat(chain.routes().rules()).hasSize(2);
        assertThat(chain.telemetry().accessLogs()).hasSize(1);
        assertThat(chain.policies().isEmpty()).isFalse();

        JsonNode manager =
                envoy(Workload.REALISTIC).at("/static_resources/listeners/1/filter_chains/0/filters/0/typed_config");
        assertThat(manager.at("/http_filters/0/typed_config/rules/policies")).hasSize(Workload.RULES);
        assertThat(manager.at("/route_config/virtual_hosts/0/routes")).hasSize(2);
        assertThat(manager.at("/access_log")).hasSize(1);
    }

    @Test
    void addressesCountOverTheEndOfAByte() {
        assertThat(MilepostConfig.address("10.128.0.0", 5000)).isEqualTo("10.128.19.136");
    }
}
