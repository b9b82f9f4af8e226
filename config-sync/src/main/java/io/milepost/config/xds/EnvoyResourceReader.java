package io.milepost.config.xds;

import com.google.protobuf.Any;
import io.envoyproxy.envoy.config.endpoint.v3.ClusterLoadAssignment;
import io.envoyproxy.envoy.config.listener.v3.Filter;
import io.envoyproxy.envoy.config.listener.v3.FilterChain;
import io.envoyproxy.envoy.config.listener.v3.Listener;
import io.envoyproxy.envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager;
import io.envoyproxy.envoy.extensions.filters.network.rbac.v3.RBAC;
import io.envoyproxy.envoy.extensions.filters.network.tcp_proxy.v3.TcpProxy;
import io.envoyproxy.envoy.extensions.transport_sockets.tls.v3.DownstreamTlsContext;
import io.milepost.mesh.Cluster;
import io.milepost.mesh.Dispatch;
import io.milepost.mesh.Endpoints;
import io.milepost.mesh.HttpChain;
import io.milepost.mesh.MeshService;
import io.milepost.mesh.MeshSettings;
import io.milepost.mesh.MeshSnapshot;
import io.milepost.mesh.TcpChain;
import io.milepost.mesh.TelemetrySettings;
import io.milepost.mesh.WorkloadIndex;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/**
 * Envoy's resources for a waypoint to a snapshot. Pure: equal resources give equal snapshots.
 *
 * <p>Start with {@link #read}; each kind of resource has its own reader.
 */
public final class EnvoyResourceReader {
    /** Filters of the connection whose work is a fixed part of the data path. */
    private static final Set<String> BUILT_IN = Set.of(
            "envoy.extensions.filters.network.set_filter_state.v3.Config",
            "envoy.tcp.metadataexchange.config.MetadataExchange",
            "stats.PluginConfig");

    private final Findings findings = new Findings();
    private final Map<String, HttpChain> http = new LinkedHashMap<>();
    private final Map<String, TcpChain> tcp = new LinkedHashMap<>();

    private EnvoyResourceReader() {}

    /** @param findings what was not understood and what became of it */
    public record Result(MeshSnapshot snapshot, List<String> findings) {}

    public static Result read(EnvoyResources resources) {
        return new EnvoyResourceReader().build(resources);
    }

    private Result build(EnvoyResources r) {
        findings.addAll(r.findings());
        WorkloadIndex workloads = new WorkloadIndex(r.workloads());
        Map<String, Cluster> clusters = new LinkedHashMap<>();
        Map<String, Endpoints> endpoints = new LinkedHashMap<>();
        clusters(r, workloads, clusters, endpoints);
        Map<String, MeshService> services = new LinkedHashMap<>();
        r.services().forEach(s -> services.put(s.key(), s));

        Optional<Listener> main = listener(r, "main_internal");
        main.ifPresent(m -> m.getFilterChainsList().forEach(this::chain));
        if (main.isEmpty()) {
            findings.add("listeners", "there is no main_internal: every tunnel is refused");
        }
        Dispatch dispatch = main.map(m -> new DispatchReader(findings, http.keySet()).read(m))
                .orElse(new Dispatch(List.of(), List.of(), Dispatch.Direct.NONE));
        TelemetrySettings refused = main.map(
                        m -> new AccessLogReader("listener main_internal", findings).read(m.getAccessLogList()))
                .orElse(TelemetrySettings.NONE);
        MeshSnapshot snapshot = new MeshSnapshot(
                0,
                dispatch,
                Map.copyOf(http),
                Map.copyOf(tcp),
                Map.copyOf(clusters),
                Map.copyOf(endpoints),
                workloads,
                Map.copyOf(services),
                r.l4Policies(),
                settings(r, main),
                refused);
        return new Result(snapshot, findings.list());
    }

    private static Optional<Listener> listener(EnvoyResources r, String name) {
        return r.listeners().stream().filter(l -> l.getName().equals(name)).findFirst();
    }

    private void clusters(
            EnvoyResources r,
            WorkloadIndex workloads,
            Map<String, Cluster> clusters,
            Map<String, Endpoints> endpoints) {
        Map<String, ClusterLoadAssignment> assigned = new LinkedHashMap<>();
        r.assignments().forEach(a -> assigned.put(a.getClusterName(), a));
        ClusterReader reader = new ClusterReader(findings);
        EndpointReader endpointReader = new EndpointReader(workloads, findings);
        for (var c : r.clusters()) {
            String name = c.getName();
            if (ClusterReader.isInternal(name)) {
                continue;
            }
            Cluster cluster = reader.read(c);
            clusters.put(name, cluster);
            String service = c.getEdsClusterConfig().getServiceName();
            ClusterLoadAssignment a =
                    c.hasLoadAssignment() ? c.getLoadAssignment() : assigned.get(service.isEmpty() ? name : service);
            boolean listed = cluster.discovery() != Cluster.Discovery.ORIGINAL_DST
                    && cluster.discovery() != Cluster.Discovery.DYNAMIC_DNS;
            endpoints.put(
                    name,
                    a == null || !listed
                            ? EndpointReader.unlisted(c)
                            : endpointReader.read(name, a, cluster.balancer().localityWeighted()));
        }
    }

    private void chain(FilterChain chain) {
        ChainName name = ChainName.of(chain.getName());
        String where = "chain " + chain.getName();
        SecurityReader security = new SecurityReader(where, findings);
        Optional<HttpConnectionManager> manager = Optional.empty();
        Optional<TcpProxy> proxy = Optional.empty();
        for (Filter f : chain.getFiltersList()) {
            Any config = f.getTypedConfig();
            Optional<RBAC> rbac = XdsTypes.unpack(config, RBAC.class);
            if (rbac.isPresent()) {
                security.tcp(rbac.get());
            } else if (config.is(HttpConnectionManager.class)) {
                manager = XdsTypes.unpack(config, HttpConnectionManager.class);
            } else if (config.is(TcpProxy.class)) {
                proxy = XdsTypes.unpack(config, TcpProxy.class);
            } else if (!BUILT_IN.contains(XdsTypes.typeOf(config))) {
                security.unknown(f.getName(), config);
            }
        }
        if (manager.isPresent()) {
            http.put(name.name(), new HttpChainReader(findings).read(name, manager.get(), security));
        } else if (proxy.isPresent()) {
            tcp.put(name.name(), new TcpChainReader(findings).read(name, proxy.get(), security));
        } else {
            findings.add(where, "it ends neither in HTTP nor in a TCP proxy: its tunnels are refused");
        }
    }

    /** The trust domain and its aliases are those whose clients connect_terminate accepts. */
    private static MeshSettings settings(EnvoyResources r, Optional<Listener> main) {
        List<String> domains = new ArrayList<>();
        listener(r, "connect_terminate")
                .flatMap(l -> l.getFilterChainsList().stream()
                        .flatMap(c ->
                                XdsTypes.unpack(c.getTransportSocket().getTypedConfig(), DownstreamTlsContext.class)
                                        .stream())
                        .findFirst())
                .ifPresent(t -> t.getCommonTlsContext()
                        .getCombinedValidationContext()
                        .getDefaultValidationContext()
                        .getMatchTypedSubjectAltNamesList()
                        .forEach(s -> trustDomain(s.getMatcher().getPrefix()).ifPresent(domains::add)));
        MeshSettings d = MeshSettings.DEFAULT;
        long detection = main.filter(Listener::hasListenerFiltersTimeout)
                .map(m -> Values.millis(m.getListenerFiltersTimeout()))
                .orElse(d.protocolDetectionMillis());
        return domains.isEmpty()
                ? d
                : new MeshSettings(
                        domains.getFirst(),
                        domains.subList(1, domains.size()),
                        d.rootNamespace(),
                        d.drainMillis(),
                        detection);
    }

    private static Optional<String> trustDomain(String prefix) {
        String scheme = "spiffe://";
        int end = prefix.indexOf('/', scheme.length());
        return prefix.startsWith(scheme) && end > 0
                ? Optional.of(prefix.substring(scheme.length(), end))
                : Optional.empty();
    }
}
