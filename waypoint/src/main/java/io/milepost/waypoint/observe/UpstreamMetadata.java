package io.milepost.waypoint.observe;

import io.milepost.mesh.Cluster;
import io.milepost.mesh.IpAddress;
import io.milepost.mesh.SourceRef;
import io.milepost.mesh.Workload;
import io.milepost.mesh.WorkloadIndex;
import io.milepost.telemetry.LogContext.Metadata;
import io.milepost.waypoint.upstream.HostState;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * What istiod notes on Envoy's clusters, endpoints and routes in the namespace {@code istio}, rendered as Envoy's access log does
 * (recorded: log-times). Made when a log format asks for it.
 */
final class UpstreamMetadata {
    private static final String NAMESPACE = "istio";

    private UpstreamMetadata() {}

    /** Null when there is nothing of that name. */
    static @Nullable String text(Metadata where, String namespace, String path, Served s) {
        if (!namespace.equals(NAMESPACE)) {
            return null;
        }
        return switch (where) {
            case CLUSTER -> ofCluster(s.chosenCluster(), path);
            case UPSTREAM_HOST -> ofHost(s.host(), s.workloads(), path);
            case ROUTE -> ofRoute(s.routeConfig(), path);
            case DYNAMIC -> null;
        };
    }

    /** Asked of Envoy 1.40.0 (wheel). */
    static @Nullable String ofRoute(String config, String path) {
        if (config.isEmpty()) {
            return null;
        }
        return switch (path) {
            case "config" -> config;
            case "" -> "{\"config\":\"" + config + "\"}";
            default -> null;
        };
    }

    static @Nullable String ofCluster(@Nullable Cluster c, String path) {
        if (c == null) {
            return null;
        }
        String services = c.serviceHost().isEmpty()
                ? null
                : "[{\"host\":\"" + c.serviceHost() + "\",\"name\":\"" + c.serviceName() + "\",\"namespace\":\""
                        + c.serviceNamespace() + "\"}]";
        String subset = subset(c.name());
        String config = config(c.source());
        return switch (path) {
            case "services" -> services;
            case "subset" -> subset;
            case "config" -> config;
            case "" -> {
                StringBuilder b = new StringBuilder("{");
                member(b, "config", config == null ? null : '"' + config + '"');
                member(b, "services", services);
                member(b, "subset", subset == null ? null : '"' + subset + '"');
                yield b.length() == 1 ? null : b.append('}').toString();
            }
            default -> null;
        };
    }

    private static void member(StringBuilder b, String name, @Nullable String json) {
        if (json != null) {
            b.append(b.length() == 1 ? "" : ",")
                    .append('"')
                    .append(name)
                    .append("\":")
                    .append(json);
        }
    }

    /** {@code http/v1} of {@code inbound-vip|80|http/v1|host}. */
    private static @Nullable String subset(String cluster) {
        String[] parts = cluster.split("\\|", -1);
        return parts.length == 4 ? parts[2] : null;
    }

    private static @Nullable String config(SourceRef source) {
        return source.kind().equals("DestinationRule")
                ? "/apis/networking.istio.io/v1/namespaces/" + source.namespace() + "/destination-rule/" + source.name()
                : null;
    }

    /** {@code name;namespace;canonical service;revision;cluster}. */
    static @Nullable String ofHost(@Nullable HostState host, WorkloadIndex workloads, String path) {
        if (host == null) {
            return null;
        }
        Workload w = workload(host, workloads).orElse(null);
        if (w == null) {
            return null;
        }
        String text = w.name()
                + ';'
                + w.namespace()
                + ';'
                + w.canonicalName()
                + ';'
                + w.canonicalRevision()
                + ';'
                + w.cluster();
        return switch (path) {
            case "workload" -> text;
            case "" -> "{\"workload\":\"" + text + "\"}";
            default -> null;
        };
    }

    /** By the endpoint's own word, or by its address. */
    static Optional<Workload> workload(HostState host, WorkloadIndex workloads) {
        String uid = host.endpoint().workload();
        Optional<Workload> named = uid.isEmpty() ? Optional.empty() : workloads.byUid(uid);
        return named.isPresent()
                ? named
                : IpAddress.parse(host.endpoint().address()).flatMap(workloads::byAddress);
    }
}
