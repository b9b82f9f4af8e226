package io.milepost.waypoint.upstream;

import io.milepost.mesh.Cluster;
import io.milepost.mesh.Cluster.Discovery;
import io.milepost.mesh.Cluster.LoadBalancer;
import io.milepost.mesh.Cluster.LoadBalancer.Policy;
import io.milepost.mesh.Cluster.OutlierDetection;
import io.milepost.mesh.Endpoints;
import io.milepost.mesh.Endpoints.Endpoint;
import io.milepost.mesh.Endpoints.Health;
import io.milepost.mesh.Endpoints.LocalityEndpoints;
import io.milepost.mesh.Endpoints.Tunnel;
import io.milepost.mesh.Locality;
import io.milepost.mesh.SourceRef;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.SplittableRandom;
import java.util.TreeMap;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.LongSupplier;

/** A cluster for tests, built step by step; time passes when the test says so. */
final class Fixture {
    static final String NAME = "inbound-vip|9080|http|reviews.default.svc.cluster.local";

    private final AtomicLong nanos = new AtomicLong(1_000_000_000L);
    private final List<LocalityEndpoints> localities = new ArrayList<>();
    final List<HostState> removed = new ArrayList<>();
    NameResolver resolver = NameResolver.none();
    String name = NAME;
    Discovery discovery = Discovery.ENDPOINTS;
    Cluster.Protocol protocol = Cluster.Protocol.HTTP1;
    LoadBalancer balancer = LoadBalancer.LEAST_REQUEST;
    Cluster.Limits limits = Cluster.Limits.NONE;
    Optional<OutlierDetection> outlier = Optional.empty();
    Optional<Cluster.UpstreamTls> tls = Optional.empty();
    Optional<Cluster.ProxyProtocol> proxy = Optional.empty();
    Cluster.Transport transport = Cluster.Transport.DEFAULT;
    double panic;
    long connectTimeoutMillis = 2_000;
    long idleMillis = 3_600_000;

    static LoadBalancer policy(Policy p) {
        return new LoadBalancer(p, Optional.empty(), Optional.empty(), false);
    }

    Fixture policyOf(Policy p) {
        balancer = policy(p);
        return this;
    }

    static Endpoint endpoint(String address, int weight) {
        return new Endpoint(address, 9080, Optional.empty(), weight, Health.HEALTHY, "", Map.of());
    }

    static Endpoint at(String address, int port) {
        return new Endpoint(address, port, Optional.empty(), 1, Health.HEALTHY, "", Map.of());
    }

    static Endpoint sick(String address) {
        return new Endpoint(address, 9080, Optional.empty(), 1, Health.UNHEALTHY, "", Map.of());
    }

    static Endpoint tunnelled(String address) {
        return new Endpoint(
                address,
                9080,
                Optional.of(new Tunnel(address, 15008, address + ":9080", List.of())),
                1,
                Health.HEALTHY,
                "",
                Map.of());
    }

    Fixture group(int priority, int weight, Endpoint... endpoints) {
        localities.add(new LocalityEndpoints(
                new Locality("region", "zone-" + localities.size(), ""), priority, weight, Arrays.asList(endpoints)));
        return this;
    }

    Fixture endpoints(Endpoint... endpoints) {
        localities.clear();
        return group(0, 0, endpoints);
    }

    Cluster cluster() {
        return new Cluster(
                name,
                "reviews.default.svc.cluster.local",
                "reviews",
                "default",
                "",
                protocol,
                discovery,
                balancer,
                limits,
                outlier,
                tls,
                proxy,
                connectTimeoutMillis,
                idleMillis,
                panic,
                SourceRef.DEFAULT,
                transport);
    }

    Endpoints listed() {
        return new Endpoints(name, localities);
    }

    ClusterState build() {
        ClusterState s = new ClusterState(cluster(), resolver, removed::add, clock());
        s.update(cluster(), listed());
        return s;
    }

    LongSupplier clock() {
        return nanos::get;
    }

    void pass(long millis) {
        nanos.addAndGet(TimeUnit.MILLISECONDS.toNanos(millis));
    }

    static Pick pick() {
        return new Pick(0, new SplittableRandom(42));
    }

    /** How often each address was chosen. */
    static Map<String, Integer> tally(ClusterState s, int n) {
        Pick p = pick();
        Map<String, Integer> hits = new TreeMap<>();
        for (int i = 0; i < n; i++) {
            HostState h = s.pick(p.begin());
            hits.merge(h == null ? "none" : h.endpoint().address(), 1, Integer::sum);
        }
        return hits;
    }

    static HostState host(ClusterState s, String address) {
        for (HostState h : s.hosts()) {
            if (h.endpoint().address().equals(address)) {
                return h;
            }
        }
        throw new AssertionError("no host " + address);
    }
}
