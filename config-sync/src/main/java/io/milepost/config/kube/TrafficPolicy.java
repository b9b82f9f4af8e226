package io.milepost.config.kube;

import io.milepost.config.kube.ServiceModel.Port;
import io.milepost.mesh.Cluster;
import io.milepost.mesh.Cluster.Discovery;
import io.milepost.mesh.Cluster.LoadBalancer;
import io.milepost.mesh.Cluster.OutlierDetection;
import java.util.Optional;

/**
 * A traffic policy for one port. Each of its parts is taken as a whole, from the most specific level that has it; a
 * policy for a port takes nothing from the level that it is written to (so does the API say).
 *
 * @param origin the most specific level, for messages; empty for {@link #NONE}
 * @param ofPort written for this port
 */
record TrafficPolicy(
        Optional<Fields> origin,
        boolean ofPort,
        Optional<Fields> connectionPool,
        Optional<Fields> loadBalancer,
        Optional<Fields> outlierDetection,
        Optional<Fields> tls,
        Optional<Fields> proxyProtocol,
        Optional<Fields> retryBudget) {
    private static final Optional<Fields> NO = Optional.empty();

    static final TrafficPolicy NONE = new TrafficPolicy(NO, false, NO, NO, NO, NO, NO, NO);

    /** What a policy is read with. */
    record Context(MeshConfig mesh, UpstreamTlsReader tls) {}

    static TrafficPolicy forPort(Fields policy, int port) {
        Optional<Fields> own = portLevel(policy, port);
        Fields f = own.orElse(policy);
        return new TrafficPolicy(
                Optional.of(f),
                own.isPresent(),
                f.maybe("connectionPool"),
                f.maybe("loadBalancer"),
                f.maybe("outlierDetection"),
                f.maybe("tls"),
                own.isPresent() ? NO : f.maybe("proxyProtocol"),
                own.isPresent() ? NO : f.maybe("retryBudget"));
    }

    static Optional<Fields> portLevel(Fields policy, int port) {
        for (Fields p : policy.list("portLevelSettings")) {
            if (port != 0 && p.at("port").integer("number", 0) == port) {
                return Optional.of(p);
            }
        }
        return Optional.empty();
    }

    /** A subset's policy over that of the service. */
    TrafficPolicy over(Optional<TrafficPolicy> base) {
        TrafficPolicy b = base.orElse(NONE);
        return new TrafficPolicy(
                origin,
                ofPort,
                ofPort ? connectionPool : connectionPool.or(b::connectionPool),
                ofPort ? loadBalancer : loadBalancer.or(b::loadBalancer),
                ofPort ? outlierDetection : outlierDetection.or(b::outlierDetection),
                ofPort ? tls : tls.or(b::tls),
                proxyProtocol.or(b::proxyProtocol),
                retryBudget.or(b::retryBudget));
    }

    LocalitySetting locality(TrafficDistribution distribution, Context context) {
        boolean outliers = outlierDetection.isPresent();
        Optional<Fields> own = loadBalancer.flatMap(l -> l.maybe("localityLbSetting"));
        if (own.isPresent()) {
            return LocalitySetting.read(own.get(), outliers);
        }
        return distribution != TrafficDistribution.ANY
                ? LocalitySetting.of(distribution)
                : LocalitySetting.read(context.mesh().locality(), outliers);
    }

    Cluster apply(Cluster c, Port port, boolean http, Context context) {
        ConnectionPool pool = ConnectionPool.read(connectionPool, retryBudget, port, http, context.mesh());
        boolean weighted = locality(TrafficDistribution.ANY, context).weighted();
        LoadBalancer balancer = loadBalancer
                .map(l -> balancer(l, weighted))
                .orElse(new LoadBalancer(
                        c.balancer().policy(), c.balancer().ring(), c.balancer().warmup(), weighted));
        boolean passthrough = loadBalancer
                .filter(l -> l.text("simple", "").equals("PASSTHROUGH"))
                .isPresent();
        Cluster.Protocol protocol = pool.protocol(c.protocol());
        return new Cluster(
                c.name(),
                c.serviceHost(),
                c.serviceName(),
                c.serviceNamespace(),
                c.subset(),
                protocol,
                passthrough && c.discovery() != Discovery.DYNAMIC_DNS ? Discovery.ORIGINAL_DST : c.discovery(),
                balancer,
                pool.limits(),
                outlierDetection.map(TrafficPolicy::outlier),
                tls.flatMap(t -> context.tls().read(t, protocol == Cluster.Protocol.HTTP2)),
                proxyProtocol.map(TrafficPolicy::proxy),
                pool.connectTimeoutMillis(),
                pool.idleTimeoutMillis(),
                outlierDetection
                        .map(o -> (double) o.integer("minHealthPercent", 0))
                        .orElse(c.panicThresholdPercent()),
                origin.map(Fields::ref).orElse(c.source()),
                pool.transport(c.transport().dns()));
    }

    private static Cluster.ProxyProtocol proxy(Fields f) {
        String v = f.text("version", "V1");
        if (!v.equals("V1") && !v.equals("V2")) {
            f.error("version", "'" + v + "' is unknown: use V1 or V2");
        }
        return v.equals("V2") ? Cluster.ProxyProtocol.V2 : Cluster.ProxyProtocol.V1;
    }

    private static LoadBalancer balancer(Fields f, boolean weighted) {
        String simple = f.text("simple", "");
        if (f.has("consistentHash")) {
            return ConsistentHash.balancer(f.at("consistentHash"), weighted);
        }
        LoadBalancer.Policy policy = switch (simple) {
            case "ROUND_ROBIN" -> LoadBalancer.Policy.ROUND_ROBIN;
            case "RANDOM" -> LoadBalancer.Policy.RANDOM;
            case "", "UNSPECIFIED", "LEAST_CONN", "LEAST_REQUEST", "PASSTHROUGH" -> LoadBalancer.Policy.LEAST_REQUEST;
            default -> {
                f.error("simple", "'" + simple + "' is unknown: use LEAST_REQUEST, ROUND_ROBIN, RANDOM or PASSTHROUGH");
                yield LoadBalancer.Policy.LEAST_REQUEST;
            }
        };
        Optional<LoadBalancer.Warmup> warmup = warmup(f);
        if (warmup.isPresent() && (policy == LoadBalancer.Policy.RANDOM || simple.equals("PASSTHROUGH"))) {
            f.warn("warmup", "has no effect with " + simple + ": use LEAST_REQUEST or ROUND_ROBIN");
            warmup = Optional.empty();
        }
        return new LoadBalancer(policy, Optional.empty(), warmup, weighted);
    }

    private static Optional<LoadBalancer.Warmup> warmup(Fields f) {
        if (f.has("warmup")) {
            Fields w = f.at("warmup");
            return Optional.of(new LoadBalancer.Warmup(
                    w.millis("duration", 0), w.decimal("aggression", 1), w.decimal("minimumPercent", 10)));
        }
        return f.has("warmupDurationSecs")
                ? Optional.of(new LoadBalancer.Warmup(f.millis("warmupDurationSecs", 0), 1, 10))
                : Optional.empty();
    }

    private static OutlierDetection outlier(Fields f) {
        long base = f.millis("baseEjectionTime", 30_000);
        int percent = f.integer("maxEjectionPercent", 0);
        boolean split = f.bool("splitExternalLocalOriginErrors", false);
        if (!split && f.has("consecutiveLocalOriginFailures")) {
            f.warn("consecutiveLocalOriginFailures", "has no effect without splitExternalLocalOriginErrors: true");
        }
        int local = f.integer("consecutiveLocalOriginFailures", 5);
        if (f.has("httpErrorCodes")) {
            f.warn("httpErrorCodes", "has no effect at a waypoint: 5xx and gateway errors count");
            f.skip("httpErrorCodes");
        }
        return new OutlierDetection(
                f.integer("consecutive5xxErrors", 5),
                f.integer("consecutiveGatewayErrors", 0),
                split,
                local > 0 ? local : 5,
                f.millis("interval", 10_000),
                base,
                Math.max(base, 300_000),
                percent > 0 ? percent : 10);
    }
}
