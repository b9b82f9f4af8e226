package io.milepost.testbed.demo;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.milepost.mesh.Cidr;
import io.milepost.mesh.IpAddress;
import io.milepost.mesh.MeshService;
import io.milepost.mesh.MeshSnapshot;
import io.milepost.mesh.SpiffeId;
import io.milepost.testbed.ca.TestCa;
import java.io.IOException;
import java.net.InetAddress;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** A pod's SOCKS5 port and HBONE port, without a waypoint between: the tunnel goes to the pod itself. */
@Timeout(value = 60, unit = TimeUnit.SECONDS)
class PodTunnelsTest {
    private static final Pod DETAILS = new Pod(
            "details-v1-0",
            "details",
            "v1",
            new SpiffeId("cluster.local", "default", "bookinfo-details"),
            InetAddress.ofLiteral("127.20.30.1"));
    private static final MeshService SERVICE = new MeshService(
            "details",
            "default",
            "details.default.svc.cluster.local",
            List.of(Cidr.of(IpAddress.of(DETAILS.address()), 32)),
            Map.of(9080, 9080),
            List.of(),
            Optional.empty(),
            MeshService.Balancing.STANDARD);
    private static final MeshSnapshot CONFIGURATION = new MeshSnapshot(
            1,
            MeshSnapshot.EMPTY.dispatch(),
            Map.of(),
            Map.of(),
            Map.of(),
            Map.of(),
            MeshSnapshot.EMPTY.workloads(),
            Map.of(SERVICE.key(), SERVICE),
            List.of(),
            MeshSnapshot.EMPTY.settings(),
            MeshSnapshot.EMPTY.refusedLogs());

    @TempDir
    private Path folder;

    private BookinfoApp app;
    private LoopbackParts parts;
    private MeshProcess tunnels;

    @BeforeEach
    void start() throws IOException {
        TestCa ca = new TestCa(folder);
        app = new Details(DETAILS);
        app.start();
        parts = new LoopbackParts(ca.root());
        tunnels = parts.ztunnel(
                DETAILS, ca.leaf("default", "bookinfo-details"), () -> CONFIGURATION, DETAILS.address(), new LogTap());
    }

    @AfterEach
    void stop() {
        tunnels.close();
        parts.close();
        app.close();
    }

    @Test
    void aServiceNameIsCarriedToTheApplication() throws IOException {
        PodClient client = new PodClient(DETAILS.socks());
        for (String host : List.of("details", "details.default", "details.default.svc.cluster.local")) {
            Reply reply = client.send("GET", host, 9080, "/details/0", Map.of("user-agent", "test"));
            assertThat(reply.status()).as(host).isEqualTo(200);
            assertThat(reply.header("x-served-by")).isEqualTo("details-v1");
            assertThat(reply.body()).contains("\"userAgentSeen\":\"test\"");
        }
    }

    @Test
    void anUnknownNameIsRefusedAtOnce() {
        PodClient client = new PodClient(DETAILS.socks());
        assertThatThrownBy(() -> client.send("GET", "nowhere", 9080, "/", Map.of()))
                .isInstanceOf(IOException.class)
                .hasMessageContaining("nowhere:9080");
    }

    @Test
    void aPortWithoutAnApplicationIsNoAnswer() {
        PodClient client = new PodClient(DETAILS.socks());
        assertThatThrownBy(() -> client.send("GET", "details", 1, "/", Map.of()))
                .isInstanceOf(IOException.class);
    }
}
