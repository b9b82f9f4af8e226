package io.milepost.telemetry;

import io.milepost.mesh.Workload;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/** The label values of Istio's metrics, each built once and shared by reference afterwards. */
public final class Labels {
    static final String UNKNOWN = "unknown";

    private Labels() {}

    /**
     * One side of a connection as Istio's labels have it. Missing values are {@code unknown}.
     *
     * @param principal with {@code spiffe://}
     * @param region empty when unknown; only a ztunnel prints it
     */
    public record Peer(
            String workload,
            String canonicalService,
            String canonicalRevision,
            String namespace,
            String principal,
            String app,
            String version,
            String cluster,
            String region,
            String zone) {
        public static final Peer NOBODY =
                new Peer(UNKNOWN, UNKNOWN, UNKNOWN, UNKNOWN, UNKNOWN, UNKNOWN, UNKNOWN, UNKNOWN, "", "");

        public Peer {
            workload = orUnknown(workload);
            canonicalService = orUnknown(canonicalService);
            canonicalRevision = orUnknown(canonicalRevision);
            namespace = orUnknown(namespace);
            principal = orUnknown(principal);
            app = orUnknown(app);
            version = orUnknown(version);
            cluster = orUnknown(cluster);
        }

        /**
         * The client. A known one without revision has {@code latest}.
         *
         * @param principal of the verified certificate; null without mTLS
         */
        public static Peer source(@Nullable Workload w, @Nullable String principal) {
            if (w == null) {
                String namespace = principal == null ? "" : namespaceOf(principal);
                return new Peer("", "", "", namespace, principal == null ? "" : principal, "", "", "", "", "");
            }
            String revision = w.canonicalRevision().isEmpty() ? "latest" : w.canonicalRevision();
            String namespace = principal == null ? w.namespace() : namespaceOf(principal);
            return of(w, revision, namespace.isEmpty() ? w.namespace() : namespace, principal == null ? "" : principal);
        }

        /** The server; its principal is the workload's identity. */
        public static Peer destination(@Nullable Workload w) {
            return w == null
                    ? NOBODY
                    : of(w, w.canonicalRevision(), w.namespace(), w.identity().toString());
        }

        private static Peer of(Workload w, String revision, String namespace, String principal) {
            return new Peer(
                    w.workloadName(),
                    w.canonicalName(),
                    revision,
                    namespace,
                    principal,
                    w.canonicalName(),
                    revision,
                    w.cluster(),
                    w.locality().region(),
                    w.locality().zone());
        }

        private static String namespaceOf(String principal) {
            return io.milepost.mesh.SpiffeId.parse(principal)
                    .map(io.milepost.mesh.SpiffeId::namespace)
                    .orElse("");
        }
    }

    /** The service that was asked for. {@code host} is the FQDN. */
    public record Service(String host, String name, String namespace) {
        public static final Service UNKNOWN_SERVICE = new Service("", "", "");

        public Service {
            host = orUnknown(host);
            name = orUnknown(name);
            namespace = orUnknown(namespace);
        }
    }

    /**
     * Both sides and the service: what stays the same from request to request. The hash is computed once, since it keys
     * the lookup of every request.
     */
    public static final class Edge {
        private final Peer source;
        private final Peer destination;
        private final Service service;
        private final boolean mutualTls;
        private final int hash;

        /** @param mutualTls whether the client's and the own principal are known */
        public Edge(Peer source, Peer destination, Service service, boolean mutualTls) {
            this.source = source;
            this.destination = destination;
            this.service = service;
            this.mutualTls = mutualTls;
            hash = Objects.hash(source, destination, service, mutualTls);
        }

        public Peer source() {
            return source;
        }

        public Peer destination() {
            return destination;
        }

        public Service service() {
            return service;
        }

        public boolean mutualTls() {
            return mutualTls;
        }

        @Override
        public boolean equals(Object o) {
            return this == o
                    || o instanceof Edge e
                            && e.hash == hash
                            && e.mutualTls == mutualTls
                            && e.source.equals(source)
                            && e.destination.equals(destination)
                            && e.service.equals(service);
        }

        @Override
        public int hashCode() {
            return hash;
        }
    }

    private static String orUnknown(String s) {
        return s.isEmpty() ? UNKNOWN : s;
    }

    /** {@code name="value",} with Prometheus's escapes. */
    static void append(StringBuilder s, String name, String value) {
        s.append(s.isEmpty() ? "" : ",").append(name).append("=\"");
        for (int i = 0; i < value.length(); i++) {
            char c = value.charAt(i);
            switch (c) {
                case '\\' -> s.append("\\\\");
                case '"' -> s.append("\\\"");
                case '\n' -> s.append("\\n");
                default -> s.append(c);
            }
        }
        s.append('"');
    }
}
