package io.milepost.config.xds;

import com.fasterxml.jackson.databind.JsonNode;
import com.google.protobuf.InvalidProtocolBufferException;
import com.google.protobuf.Message;
import io.envoyproxy.envoy.config.cluster.v3.Cluster;
import io.envoyproxy.envoy.config.endpoint.v3.ClusterLoadAssignment;
import io.envoyproxy.envoy.config.listener.v3.Listener;
import io.milepost.mesh.L4Policy;
import io.milepost.mesh.MeshService;
import io.milepost.mesh.MeshSettings;
import io.milepost.mesh.MeshSnapshot;
import io.milepost.mesh.SnapshotSource;
import io.milepost.mesh.Workload;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Consumer;
import java.util.function.Supplier;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * What istiod once sent to a waypoint, recorded in a directory: {@code lds.json}, {@code cds.json}, {@code eds.json},
 * {@code addresses.json} and {@code authorizations.json}, each a list of {@code {"name": ..., "resource": {"@type":
 * ...}}}. It is read once and does not change.
 */
public final class DumpSource implements SnapshotSource {
    private static final Logger LOG = LoggerFactory.getLogger(DumpSource.class);

    private final Path directory;

    public DumpSource(Path directory) {
        this.directory = directory;
    }

    @Override
    public void start(Consumer<MeshSnapshot> receiver) {
        EnvoyResourceReader.Result result = EnvoyResourceReader.read(load(directory));
        for (String f : result.findings()) {
            LOG.warn("{}: {}", directory, f);
        }
        receiver.accept(result.snapshot().withVersion(1));
    }

    @Override
    public void close() {
        // nothing runs after the first snapshot
    }

    /** Parses the files without interpreting them. */
    public static EnvoyResources load(Path directory) {
        Findings findings = new Findings();
        XdsJson json = new XdsJson(findings);
        List<Listener> listeners = new ArrayList<>();
        for (Listener.Builder b : messages(directory, "lds.json", json, Listener::newBuilder)) {
            listeners.add(b.build());
        }
        List<Cluster> clusters = new ArrayList<>();
        for (Cluster.Builder b : messages(directory, "cds.json", json, Cluster::newBuilder)) {
            clusters.add(b.build());
        }
        List<ClusterLoadAssignment> assignments = new ArrayList<>();
        for (ClusterLoadAssignment.Builder b :
                messages(directory, "eds.json", json, ClusterLoadAssignment::newBuilder)) {
            assignments.add(b.build());
        }
        List<Workload> workloads = new ArrayList<>();
        List<MeshService> services = new ArrayList<>();
        AddressReader addresses = new AddressReader(findings, MeshSettings.DEFAULT.trustDomain());
        for (JsonNode n : list(directory, "addresses.json")) {
            JsonNode r = n.path("resource");
            if (r.has("workload")) {
                workloads.add(addresses.workload(r.path("workload")));
            } else if (r.has("service")) {
                services.add(addresses.service(r.path("service")));
            } else {
                findings.add("addresses.json", n.path("name").asText() + " is neither a workload nor a service");
            }
        }
        List<L4Policy> policies = new ArrayList<>();
        AuthorizationReader authorizations = new AuthorizationReader(findings);
        list(directory, "authorizations.json").forEach(n -> policies.add(authorizations.read(n.path("resource"))));
        return new EnvoyResources(listeners, clusters, assignments, workloads, services, policies, findings.list());
    }

    private static <B extends Message.Builder> List<B> messages(
            Path directory, String file, XdsJson json, Supplier<B> builder) {
        List<B> out = new ArrayList<>();
        for (JsonNode n : list(directory, file)) {
            String name = n.path("name").asText();
            try {
                out.add(json.parse(file + " " + name, n.path("resource"), builder.get()));
            } catch (InvalidProtocolBufferException e) {
                throw new IllegalArgumentException(
                        directory.resolve(file) + ", resource " + name + ": " + e.getMessage()
                                + "; record the dump again or mend the field",
                        e);
            }
        }
        return out;
    }

    /** An absent file is an empty list, except the listeners: without them there is nothing to serve. */
    private static Iterable<JsonNode> list(Path directory, String file) {
        Path path = directory.resolve(file);
        if (!Files.exists(path)) {
            if (file.equals("lds.json")) {
                throw new IllegalArgumentException(
                        path + " does not exist; name a directory with lds.json, cds.json and eds.json");
            }
            return List.of();
        }
        try {
            JsonNode n = XdsJson.MAPPER.readTree(Files.readString(path));
            if (!n.isArray()) {
                throw new IllegalArgumentException(path + " is not a list of resources");
            }
            return n;
        } catch (IOException e) {
            throw new UncheckedIOException(path + " cannot be read: " + e.getMessage(), e);
        }
    }
}
