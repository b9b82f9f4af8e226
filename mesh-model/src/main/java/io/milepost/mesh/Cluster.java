package io.milepost.mesh;

import java.util.List;
import java.util.Optional;

/**
 * A named set of endpoints and how they are used.
 *
 * @param name Envoy's own: {@code inbound-vip|9080|http/v1|reviews.default.svc.cluster.local}
 * @param serviceHost FQDN for metrics; empty when unknown
 * @param subset empty for the whole service
 * @param transport how connections to endpoints are made and kept
 */
public record Cluster(
        String name,
        String serviceHost,
        String serviceName,
        String serviceNamespace,
        String subset,
        Protocol protocol,
        Discovery discovery,
        LoadBalancer balancer,
        Limits limits,
        Optional<OutlierDetection> outlier,
        Optional<UpstreamTls> tls,
        Optional<ProxyProtocol> proxyProtocol,
        long connectTimeoutMillis,
        long idleTimeoutMillis,
        double panicThresholdPercent,
        SourceRef source,
        Transport transport) {

    /** A cluster with the default {@link Transport}. */
    public Cluster(
            String name,
            String serviceHost,
            String serviceName,
            String serviceNamespace,
            String subset,
            Protocol protocol,
            Discovery discovery,
            LoadBalancer balancer,
            Limits limits,
            Optional<OutlierDetection> outlier,
            Optional<UpstreamTls> tls,
            Optional<ProxyProtocol> proxyProtocol,
            long connectTimeoutMillis,
            long idleTimeoutMillis,
            double panicThresholdPercent,
            SourceRef source) {
        this(
                name,
                serviceHost,
                serviceName,
                serviceNamespace,
                subset,
                protocol,
                discovery,
                balancer,
                limits,
                outlier,
                tls,
                proxyProtocol,
                connectTimeoutMillis,
                idleTimeoutMillis,
                panicThresholdPercent,
                source,
                Transport.DEFAULT);
    }

    public Cluster withTls(UpstreamTls to) {
        return with(limits, Optional.of(to), transport);
    }

    public Cluster withLimits(Limits to) {
        return with(to, tls, transport);
    }

    public Cluster withTransport(Transport to) {
        return with(limits, tls, to);
    }

    private Cluster with(Limits newLimits, Optional<UpstreamTls> newTls, Transport newTransport) {
        return new Cluster(
                name,
                serviceHost,
                serviceName,
                serviceNamespace,
                subset,
                protocol,
                discovery,
                balancer,
                newLimits,
                outlier,
                newTls,
                proxyProtocol,
                connectTimeoutMillis,
                idleTimeoutMillis,
                panicThresholdPercent,
                source,
                newTransport);
    }

    /** A cluster with Istio's defaults. */
    public static Cluster of(String name, String serviceHost, String serviceName, String serviceNamespace, Protocol p) {
        return new Cluster(
                name,
                serviceHost,
                serviceName,
                serviceNamespace,
                "",
                p,
                Discovery.ENDPOINTS,
                LoadBalancer.LEAST_REQUEST,
                Limits.NONE,
                Optional.empty(),
                Optional.empty(),
                Optional.empty(),
                10_000,
                3_600_000,
                0,
                SourceRef.DEFAULT);
    }

    /** What is spoken to the endpoint (inside the tunnel). */
    public enum Protocol {
        HTTP1,
        HTTP2,
        /** As the client spoke. */
        CLIENT,
        TCP
    }

    /** Where endpoints come from. */
    public enum Discovery {
        /** Listed in {@link Endpoints}. */
        ENDPOINTS,
        /** Listed by name and resolved; all addresses are used. */
        STRICT_DNS,
        /** Resolved; one logical host. */
        LOGICAL_DNS,
        /** The address that the CONNECT named. */
        ORIGINAL_DST,
        /** The host that the request named; {@link Endpoints} hold one nameless endpoint with the default port. */
        DYNAMIC_DNS
    }

    /** Milliseconds for the warm-up; 0 is off. */
    public record LoadBalancer(Policy policy, Optional<Ring> ring, Optional<Warmup> warmup, boolean localityWeighted) {
        public enum Policy {
            LEAST_REQUEST,
            ROUND_ROBIN,
            RANDOM,
            RING_HASH,
            MAGLEV
        }

        /** Ring: smallest number of points; maglev: table size. */
        public record Ring(long minimumSize, long maximumSize) {}

        public record Warmup(long millis, double aggression, double minimumPercent) {}

        public static final LoadBalancer LEAST_REQUEST =
                new LoadBalancer(Policy.LEAST_REQUEST, Optional.empty(), Optional.empty(), false);
    }

    /** Counted per proxy; {@link Integer#MAX_VALUE} is no limit, {@code requestsPerConnection} 0 is none. */
    public record Limits(
            int connections,
            int pendingRequests,
            int requests,
            int retries,
            int requestsPerConnection,
            int streamsPerConnection,
            Optional<RetryBudget> retryBudget) {
        public record RetryBudget(double percent, int minConcurrency) {}

        public static final Limits NONE = new Limits(
                Integer.MAX_VALUE, Integer.MAX_VALUE, Integer.MAX_VALUE, Integer.MAX_VALUE, 0, 0, Optional.empty());
    }

    /** Counts of 0 switch that detector off. */
    public record OutlierDetection(
            int consecutive5xx,
            int consecutiveGatewayErrors,
            boolean splitLocalOrigin,
            int consecutiveLocalOriginFailures,
            long intervalMillis,
            long baseEjectionMillis,
            long maxEjectionMillis,
            int maxEjectionPercent) {}

    /**
     * TLS towards the application, inside the tunnel.
     *
     * @param caFile authorities; with neither file nor text the system's count. A file that cannot be read, or a text
     *     without a certificate, lets every connection fail
     * @param caPem authorities as text (BackendTLSPolicy: from a ConfigMap)
     * @param identity what we present, as text; instead of the two files
     */
    public record UpstreamTls(
            Optional<String> sni,
            List<ValueMatch> sans,
            Optional<String> caFile,
            Optional<String> certFile,
            Optional<String> keyFile,
            boolean insecureSkipVerify,
            boolean h2,
            Optional<String> caPem,
            Optional<Identity> identity) {
        public UpstreamTls {
            sans = List.copyOf(sans);
        }

        /** A certificate with its key (DestinationRule: from a Secret). */
        public record Identity(String certPem, PrivateKeyText key) {}

        /** Everything comes from files, if there are any. */
        public UpstreamTls(
                Optional<String> sni,
                List<ValueMatch> sans,
                Optional<String> caFile,
                Optional<String> certFile,
                Optional<String> keyFile,
                boolean insecureSkipVerify,
                boolean h2) {
            this(sni, sans, caFile, certFile, keyFile, insecureSkipVerify, h2, Optional.empty(), Optional.empty());
        }

        /** Nothing is asked for nor presented, and the system's authorities count. */
        public static final UpstreamTls PLAIN = new UpstreamTls(
                Optional.empty(), List.of(), Optional.empty(), Optional.empty(), Optional.empty(), false, false);

        /** The same for one name. */
        public UpstreamTls withNames(String newSni, List<ValueMatch> newSans) {
            return new UpstreamTls(
                    Optional.of(newSni), newSans, caFile, certFile, keyFile, insecureSkipVerify, h2, caPem, identity);
        }

        public UpstreamTls withH2(boolean on) {
            return new UpstreamTls(sni, sans, caFile, certFile, keyFile, insecureSkipVerify, on, caPem, identity);
        }

        public UpstreamTls withCaPem(Optional<String> pem) {
            return new UpstreamTls(sni, sans, caFile, certFile, keyFile, insecureSkipVerify, h2, pem, identity);
        }
    }

    /**
     * How connections to endpoints are made and kept.
     *
     * @param maxConnectionMillis a connection takes no new requests after this time (TCP: is closed); 0 is no limit
     * @param tcpIdleMillis raw TCP without bytes in either direction is closed; 0 is no limit
     * @param http2Keepalive PINGs on HTTP/2 connections
     */
    public record Transport(
            long maxConnectionMillis,
            long tcpIdleMillis,
            Optional<TcpKeepalive> tcpKeepalive,
            Optional<Http2Keepalive> http2Keepalive,
            Dns dns) {
        public static final Transport DEFAULT =
                new Transport(0, 3_600_000, Optional.empty(), Optional.empty(), Dns.DEFAULT);
    }

    /** Socket options of connections that are not tunnels; 0 leaves the system's value. */
    public record TcpKeepalive(int probes, int timeSeconds, int intervalSeconds) {}

    public record Http2Keepalive(long intervalMillis, long timeoutMillis) {}

    /**
     * How names are looked up.
     *
     * @param refreshMillis time between lookups when the answer has no time to live or it is not respected
     */
    public record Dns(Family family, long refreshMillis, boolean respectTtl) {
        public enum Family {
            V4_ONLY,
            V6_ONLY,
            /** IPv4 where there is any, otherwise IPv6. */
            V4_PREFERRED,
            /** Both are endpoints. */
            ALL
        }

        public static final Dns DEFAULT = new Dns(Family.V4_PREFERRED, 60_000, true);
    }

    public enum ProxyProtocol {
        V1,
        V2
    }
}
