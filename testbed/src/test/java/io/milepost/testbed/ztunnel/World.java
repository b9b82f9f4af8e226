package io.milepost.testbed.ztunnel;

import io.milepost.config.kube.KubeObjects;
import io.milepost.config.kube.ObjectFiles;
import io.milepost.config.kube.SnapshotBuilder;
import io.milepost.config.kube.authz.AuthorizationTranslator;
import io.milepost.hbone.HboneServer;
import io.milepost.hbone.HboneTunnelService;
import io.milepost.hbone.PemWorkloadCertificates;
import io.milepost.hbone.RequestPolicy;
import io.milepost.mesh.MeshSnapshot;
import io.milepost.mesh.SnapshotSource;
import io.milepost.testbed.ca.TestCa;
import io.milepost.testbed.hbone.HboneTestClient;
import io.milepost.testbed.hbone.TunnelRequest;
import io.milepost.ztunnel.IdentityCertificates;
import io.milepost.ztunnel.Ztunnel;
import io.milepost.ztunnel.ZtunnelSettings;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.function.Consumer;
import org.awaitility.Awaitility;
import org.jspecify.annotations.Nullable;

/**
 * A mesh for the tests of this package: a ztunnel with two pods on addresses {@code 127.33.n.x} of its own, configured by
 * YAML, real TLS all over.
 *
 * <p>{@code client} (.2) and {@code server} (.3) are served by the ztunnel; {@code plain} (.4) is not in the mesh; {@code
 * behind} (.5) has a waypoint; {@code waypoint} (.9) is what a test starts there. Services: {@code zs} (10.78.n.1) of
 * server, {@code viawp} (10.78.n.2) with a waypoint, {@code zp} (10.78.n.4) of plain, {@code lonely} (10.78.n.6).
 */
final class World implements AutoCloseable {
    static final String CLIENT = "spiffe://cluster.local/ns/default/sa/client";
    static final String SERVER = "spiffe://cluster.local/ns/default/sa/server";

    private static final String YAML = """
            apiVersion: v1
            kind: Namespace
            metadata: {name: default, labels: {istio.io/dataplane-mode: ambient}}
            ---
            apiVersion: v1
            kind: Pod
            metadata: {name: client, namespace: default, labels: {app: client}, annotations: {ambient.istio.io/redirection: enabled}}
            spec: {serviceAccountName: client, containers: [{name: c}]}
            status: {podIP: 127.33.N.2}
            ---
            apiVersion: v1
            kind: Pod
            metadata: {name: server, namespace: default, labels: {app: server}, annotations: {ambient.istio.io/redirection: enabled}}
            spec: {serviceAccountName: server, containers: [{name: c}]}
            status: {podIP: 127.33.N.3}
            ---
            apiVersion: v1
            kind: Pod
            metadata: {name: plain, namespace: default, labels: {app: plain}}
            spec: {serviceAccountName: plain, containers: [{name: c}]}
            status: {podIP: 127.33.N.4}
            ---
            apiVersion: v1
            kind: Pod
            metadata: {name: behind, namespace: default, labels: {app: behind, istio.io/use-waypoint: wp}, annotations: {ambient.istio.io/redirection: enabled}}
            spec: {serviceAccountName: behind, containers: [{name: c}]}
            status: {podIP: 127.33.N.5}
            ---
            apiVersion: v1
            kind: Pod
            metadata: {name: waypoint-abc, namespace: default, labels: {gateway.networking.k8s.io/gateway-name: wp, gateway.istio.io/managed: istio.io-mesh-controller}}
            spec: {serviceAccountName: wp, containers: [{name: c}]}
            status: {podIP: 127.33.N.9}
            ---
            apiVersion: gateway.networking.k8s.io/v1
            kind: Gateway
            metadata: {name: wp, namespace: default, labels: {istio.io/waypoint-for: all}}
            spec: {gatewayClassName: istio-waypoint, listeners: [{name: mesh, port: 15008, protocol: HBONE}]}
            ---
            apiVersion: v1
            kind: Service
            metadata: {name: zs, namespace: default}
            spec: {clusterIP: 10.78.N.1, selector: {app: server}, ports: [{name: tcp, port: 80, targetPort: 8080}]}
            ---
            apiVersion: v1
            kind: Service
            metadata: {name: viawp, namespace: default, labels: {istio.io/use-waypoint: wp}}
            spec: {clusterIP: 10.78.N.2, selector: {app: server}, ports: [{name: tcp, port: 80, targetPort: 8080}]}
            ---
            apiVersion: v1
            kind: Service
            metadata: {name: zp, namespace: default}
            spec: {clusterIP: 10.78.N.4, selector: {app: plain}, ports: [{name: tcp, port: 80, targetPort: 8080}]}
            ---
            apiVersion: v1
            kind: Service
            metadata: {name: lonely, namespace: default}
            spec: {clusterIP: 10.78.N.6, selector: {app: nobody}, ports: [{name: tcp, port: 80, targetPort: 8080}]}
            """;

    final int number;
    final TestCa ca;
    final Ztunnel ztunnel;
    final HboneTestClient client;
    final List<String> log = new CopyOnWriteArrayList<>();
    private final Path folder;
    private final Manual source = new Manual();

    World(int number, Path folder) {
        this(number, folder, 1_000);
    }

    World(int number, Path folder, long drainMillis) {
        this.number = number;
        this.folder = folder;
        ca = new TestCa(folder.resolve("ca"));
        source.next = build("");
        ZtunnelSettings s = ZtunnelSettings.ofPods(List.of("default/client", "default/server"));
        ztunnel = Ztunnel.start(
                new ZtunnelSettings(
                        s.pods(),
                        null,
                        null,
                        null,
                        null,
                        s.hbonePort(),
                        s.plainPort(),
                        s.outboundPort(),
                        s.socksPort(),
                        2,
                        drainMillis),
                source,
                identities(),
                log::add);
        client = new HboneTestClient(ca.root());
    }

    IdentityCertificates identities() {
        return id -> certificates(id.namespace(), id.serviceAccount());
    }

    PemWorkloadCertificates certificates(String namespace, String account) throws IOException {
        TestCa.Leaf leaf = ca.leaf(namespace, account);
        return new PemWorkloadCertificates(ca.root(), leaf.cert(), leaf.key());
    }

    String ip(int last) {
        return "127.33." + number + "." + last;
    }

    String vip(int last) {
        return "10.78." + number + "." + last;
    }

    /** A connection of the client pod. */
    Socket connect(String host, int port) throws IOException {
        return Socks.connect(new InetSocketAddress(ip(2), 15080), host, port);
    }

    /** A CONNECT to the server pod with the client's identity and address. */
    TunnelRequest toServer(String authority) throws IOException {
        return TunnelRequest.of(new InetSocketAddress(ip(3), 15008), ca.leaf("default", "client"), authority)
                .from(java.net.InetAddress.ofLiteral(ip(2)));
    }

    /** Something that speaks HBONE on the waypoint's address. */
    HboneServer waypoint(String account, HboneTunnelService service) throws IOException {
        return HboneServer.builder()
                .addresses(new InetSocketAddress(ip(9), 15008))
                .certificates(certificates("default", account))
                .requestPolicy(RequestPolicy.WAYPOINT)
                .service(service)
                .start();
    }

    MeshSnapshot build(String further) {
        return build(further, "");
    }

    private MeshSnapshot build(String further, String withoutPod) {
        StringBuilder yaml = new StringBuilder();
        for (String object : YAML.split("---\n", -1)) {
            if (withoutPod.isEmpty()
                    || !object.contains("kind: Pod")
                    || !object.contains("{name: " + withoutPod + ",")) {
                yaml.append(object.replace(".N.", "." + number + ".")).append("---\n");
            }
        }
        try {
            Path file = folder.resolve("mesh.yaml");
            Files.writeString(file, yaml.append(further));
            ObjectFiles.Parsed parsed = ObjectFiles.read(file).parse();
            SnapshotBuilder.Result result = new SnapshotBuilder(new AuthorizationTranslator())
                    .build(new KubeObjects(parsed.objects()), Optional.empty())
                    .with(parsed.findings());
            if (!result.errors().isEmpty()) {
                throw new IllegalArgumentException(String.valueOf(result.errors()));
            }
            return result.snapshot();
        } catch (IOException e) {
            throw new java.io.UncheckedIOException(e);
        }
    }

    /** Applies the mesh and these objects; in force on return. */
    void apply(String further) {
        source.publish(build(further));
    }

    /** Applies the mesh without one of its pods. */
    void gone(String pod) {
        source.publish(build("", pod));
    }

    /** The first line with all these parts. */
    String line(String... parts) {
        return Awaitility.await("a log line with " + List.of(parts) + " among " + log)
                .atMost(Duration.ofSeconds(10))
                .pollInterval(Duration.ofMillis(20))
                .until(() -> find(parts), l -> !l.isEmpty());
    }

    private String find(String... parts) {
        return log.stream()
                .filter(l -> List.of(parts).stream().allMatch(l::contains))
                .findFirst()
                .orElse("");
    }

    String metrics() throws IOException {
        StringBuilder text = new StringBuilder();
        ztunnel.metrics().scrape(text);
        return text.toString();
    }

    @Override
    public void close() {
        client.close();
        ztunnel.close();
    }

    /** Publishes when a test says so. */
    private static final class Manual implements SnapshotSource {
        private MeshSnapshot next = MeshSnapshot.EMPTY;
        private @Nullable Consumer<MeshSnapshot> receiver;

        @Override
        public void start(Consumer<MeshSnapshot> to) {
            receiver = to;
            to.accept(next);
        }

        void publish(MeshSnapshot snapshot) {
            Consumer<MeshSnapshot> to = receiver;
            if (to == null) {
                throw new IllegalStateException("not started");
            }
            to.accept(snapshot);
        }

        @Override
        public void close() {
            receiver = null;
        }
    }
}
