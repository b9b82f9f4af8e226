package io.milepost.config.xds;

import com.google.protobuf.Struct;
import com.google.protobuf.Value;
import io.envoyproxy.envoy.config.cluster.v3.Cluster.DiscoveryType;
import io.envoyproxy.envoy.config.cluster.v3.Cluster.SlowStartConfig;
import io.envoyproxy.envoy.extensions.upstreams.http.v3.HttpProtocolOptions;
import io.milepost.mesh.Cluster;
import io.milepost.mesh.Cluster.Discovery;
import io.milepost.mesh.Cluster.LoadBalancer;
import io.milepost.mesh.Cluster.Protocol;
import io.milepost.mesh.SourceRef;
import java.util.Optional;
import java.util.Set;

/** An Envoy cluster to a cluster. */
final class ClusterReader {
    /** Plumbing between Envoy's internal listeners, which Milepost does not have. */
    private static final Set<String> INTERNAL =
            Set.of("connect_originate", "inner_connect_originate", "outer_connect_originate", "main_internal");

    /** To the address that the CONNECT named, through a tunnel. */
    private static final String ENCAP = "encap";

    private final Findings findings;

    ClusterReader(Findings findings) {
        this.findings = findings;
    }

    static boolean isInternal(String name) {
        return INTERNAL.contains(name);
    }

    Cluster read(io.envoyproxy.envoy.config.cluster.v3.Cluster c) {
        String where = "cluster " + c.getName();
        HttpProtocolOptions http = options(c);
        ChainName name = ChainName.of(c.getName());
        Struct istio = c.getMetadata().getFilterMetadataOrDefault("istio", Struct.getDefaultInstance());
        Struct service =
                istio.getFieldsOrDefault("services", Value.getDefaultInstance()).getListValue().getValuesList().stream()
                        .map(Value::getStructValue)
                        .findFirst()
                        .orElse(Struct.getDefaultInstance());
        String host = text(service, "host");
        return new Cluster(
                c.getName(),
                host.isEmpty() ? name.host() : host,
                text(service, "name"),
                text(service, "namespace"),
                name.subset(),
                protocol(c, name, http),
                discovery(c, where),
                balancer(c, where),
                limits(c, http),
                OutlierReader.read(c),
                UpstreamTlsReader.tls(c.getTransportSocket(), where, findings),
                UpstreamTlsReader.proxyProtocol(c.getTransportSocket()),
                c.hasConnectTimeout() ? Values.millis(c.getConnectTimeout()) : 5_000,
                http.getCommonHttpProtocolOptions().hasIdleTimeout()
                        ? Values.millis(http.getCommonHttpProtocolOptions().getIdleTimeout())
                        : 3_600_000,
                c.getCommonLbConfig().hasHealthyPanicThreshold()
                        ? c.getCommonLbConfig().getHealthyPanicThreshold().getValue()
                        : 50,
                source(text(istio, "config")));
    }

    private static HttpProtocolOptions options(io.envoyproxy.envoy.config.cluster.v3.Cluster c) {
        var any = c.getTypedExtensionProtocolOptionsMap().get("envoy.extensions.upstreams.http.v3.HttpProtocolOptions");
        return any == null
                ? HttpProtocolOptions.getDefaultInstance()
                : XdsTypes.unpack(any, HttpProtocolOptions.class).orElse(HttpProtocolOptions.getDefaultInstance());
    }

    private static Protocol protocol(
            io.envoyproxy.envoy.config.cluster.v3.Cluster c, ChainName name, HttpProtocolOptions http) {
        if (name.protocol().equals("tcp")) {
            return Protocol.TCP;
        }
        return switch (http.getUpstreamProtocolOptionsCase()) {
            case EXPLICIT_HTTP_CONFIG ->
                http.getExplicitHttpConfig().hasHttp2ProtocolOptions() ? Protocol.HTTP2 : Protocol.HTTP1;
            case USE_DOWNSTREAM_PROTOCOL_CONFIG -> Protocol.CLIENT;
            default -> c.getName().equals(ENCAP) ? Protocol.CLIENT : Protocol.HTTP1;
        };
    }

    private Discovery discovery(io.envoyproxy.envoy.config.cluster.v3.Cluster c, String where) {
        if (c.getName().equals(ENCAP)) {
            return Discovery.ORIGINAL_DST;
        }
        if (c.hasClusterType()) {
            if (c.getClusterType().getName().contains("dynamic_forward_proxy")) {
                return Discovery.DYNAMIC_DNS;
            }
            findings.add(where, "cluster_type " + c.getClusterType().getName() + " is not known: it has no endpoints");
            return Discovery.ENDPOINTS;
        }
        DiscoveryType type = c.getType();
        return switch (type) {
            case STRICT_DNS -> Discovery.STRICT_DNS;
            case LOGICAL_DNS -> Discovery.LOGICAL_DNS;
            case ORIGINAL_DST -> Discovery.ORIGINAL_DST;
            default -> Discovery.ENDPOINTS;
        };
    }

    private LoadBalancer balancer(io.envoyproxy.envoy.config.cluster.v3.Cluster c, String where) {
        boolean localities = c.getCommonLbConfig().hasLocalityWeightedLbConfig();
        if (c.hasLoadBalancingPolicy()) {
            findings.add(where, "load_balancing_policy is not read: least request is used");
        }
        return switch (c.getLbPolicy()) {
            case ROUND_ROBIN ->
                new LoadBalancer(
                        c.getName().equals(ENCAP) ? LoadBalancer.Policy.LEAST_REQUEST : LoadBalancer.Policy.ROUND_ROBIN,
                        Optional.empty(),
                        warmup(
                                c.getRoundRobinLbConfig().hasSlowStartConfig(),
                                c.getRoundRobinLbConfig().getSlowStartConfig()),
                        localities);
            case RANDOM -> new LoadBalancer(LoadBalancer.Policy.RANDOM, Optional.empty(), Optional.empty(), localities);
            case RING_HASH ->
                new LoadBalancer(
                        LoadBalancer.Policy.RING_HASH,
                        Optional.of(new LoadBalancer.Ring(
                                c.getRingHashLbConfig().hasMinimumRingSize()
                                        ? c.getRingHashLbConfig()
                                                .getMinimumRingSize()
                                                .getValue()
                                        : 1024,
                                c.getRingHashLbConfig().hasMaximumRingSize()
                                        ? c.getRingHashLbConfig()
                                                .getMaximumRingSize()
                                                .getValue()
                                        : 8_388_608)),
                        Optional.empty(),
                        localities);
            case MAGLEV -> {
                long size = c.getMaglevLbConfig().hasTableSize()
                        ? c.getMaglevLbConfig().getTableSize().getValue()
                        : 65_537;
                yield new LoadBalancer(
                        LoadBalancer.Policy.MAGLEV,
                        Optional.of(new LoadBalancer.Ring(size, size)),
                        Optional.empty(),
                        localities);
            }
            default ->
                new LoadBalancer(
                        LoadBalancer.Policy.LEAST_REQUEST,
                        Optional.empty(),
                        warmup(
                                c.getLeastRequestLbConfig().hasSlowStartConfig(),
                                c.getLeastRequestLbConfig().getSlowStartConfig()),
                        localities);
        };
    }

    private static Optional<LoadBalancer.Warmup> warmup(boolean present, SlowStartConfig s) {
        return present
                ? Optional.of(new LoadBalancer.Warmup(
                        Values.millis(s.getSlowStartWindow()),
                        s.hasAggression() ? s.getAggression().getDefaultValue() : 1,
                        s.hasMinWeightPercent() ? s.getMinWeightPercent().getValue() : 10))
                : Optional.empty();
    }

    private static Cluster.Limits limits(io.envoyproxy.envoy.config.cluster.v3.Cluster c, HttpProtocolOptions http) {
        var t = c.getCircuitBreakers().getThresholdsList().stream()
                .findFirst()
                .orElse(io.envoyproxy.envoy.config.cluster.v3.CircuitBreakers.Thresholds.getDefaultInstance());
        var common = http.getCommonHttpProtocolOptions();
        var h2 = http.getExplicitHttpConfig().getHttp2ProtocolOptions();
        Optional<Cluster.Limits.RetryBudget> budget = t.hasRetryBudget()
                ? Optional.of(new Cluster.Limits.RetryBudget(
                        t.getRetryBudget().hasBudgetPercent()
                                ? t.getRetryBudget().getBudgetPercent().getValue()
                                : 20,
                        Values.limit(
                                t.getRetryBudget().hasMinRetryConcurrency(),
                                t.getRetryBudget().getMinRetryConcurrency(),
                                3)))
                : Optional.empty();
        return new Cluster.Limits(
                Values.limit(t.hasMaxConnections(), t.getMaxConnections(), 1024),
                Values.limit(t.hasMaxPendingRequests(), t.getMaxPendingRequests(), 1024),
                Values.limit(t.hasMaxRequests(), t.getMaxRequests(), 1024),
                Values.limit(t.hasMaxRetries(), t.getMaxRetries(), 3),
                Values.limit(common.hasMaxRequestsPerConnection(), common.getMaxRequestsPerConnection(), 0),
                Values.limit(h2.hasMaxConcurrentStreams(), h2.getMaxConcurrentStreams(), 0),
                budget);
    }

    private static String text(Struct s, String key) {
        return s.getFieldsOrDefault(key, Value.getDefaultInstance()).getStringValue();
    }

    private static SourceRef source(String config) {
        String[] p = config.split("/", -1);
        return p.length < 8 ? SourceRef.DEFAULT : new SourceRef("DestinationRule", p[5], p[7], "");
    }
}
