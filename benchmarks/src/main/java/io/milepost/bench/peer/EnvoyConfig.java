package io.milepost.bench.peer;

import static io.milepost.bench.peer.Json.assignment;
import static io.milepost.bench.peer.Json.extension;
import static io.milepost.bench.peer.Json.internalAddress;
import static io.milepost.bench.peer.Json.message;
import static io.milepost.bench.peer.Json.socketAddress;
import static io.milepost.bench.peer.Json.typed;

import io.milepost.bench.mesh.BenchMesh;
import io.milepost.testbed.ca.TestCa;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/**
 * A static bootstrap that makes upstream's Envoy do what it does as a waypoint under istiod: HBONE is ended by {@code connect_terminate},
 * an internal connection leads to {@code main_internal}, which picks the service's chain by address and port; its connection manager
 * sends the request over a second internal connection to {@code connect_originate}, which tunnels it to the pod. Bootstrap settings are
 * istiod's too (statistics inclusion list, deferred statistics, internal buffers of 64 KiB). Istio's own extensions are not in this binary.
 */
final class EnvoyConfig {
    static final String ORIGINAL_DST = "envoy.filters.listener.original_dst";
    static final String PEER = "io.istio.peer_principal";
    private static final long UNLIMITED = 4_294_967_295L;
    private static final String MAIN = "main_internal";
    private static final String ORIGINATE = "connect_originate";
    private static final int ADMIN = 15000;

    private final Workload workload;
    private final String ip;
    private final Path root;
    private final TestCa.Leaf identity;
    private final Path accessLog;

    EnvoyConfig(Workload workload, String ip, Path root, TestCa.Leaf identity, Path accessLog) {
        this.workload = workload;
        this.ip = ip;
        this.root = root;
        this.identity = identity;
        this.accessLog = accessLog;
    }

    Map<String, Object> bootstrap() {
        List<EnvoyService> services = EnvoyService.of(workload);
        List<Object> clusters = new ArrayList<>();
        clusters.add(mainCluster());
        clusters.add(originateCluster());
        services.forEach(s -> clusters.addAll(s.clusters()));
        return message(
                "node", message("id", "waypoint", "cluster", "waypoint"),
                "layered_runtime",
                        message(
                                "layers",
                                List.of(
                                        message(
                                                "name",
                                                "static",
                                                "static_layer",
                                                message("re2.max_program_size.error_level", "32768")),
                                        message("name", "admin", "admin_layer", message()))),
                "bootstrap_extensions",
                        List.of(extension(
                                "envoy.bootstrap.internal_listener",
                                "envoy.extensions.bootstrap.internal_listener.v3.InternalListener",
                                "buffer_size_kb",
                                64)),
                "deferred_stat_options", message("enable_deferred_creation_stats", true),
                "stats_config", statistics(),
                "admin", message("address", socketAddress(ip, ADMIN)),
                "static_resources",
                        message("listeners", List.of(terminate(), main(services), originate()), "clusters", clusters));
    }

    /** Istio's inclusion list: most of Envoy's statistics are never made. */
    private static Map<String, Object> statistics() {
        List<Object> patterns = new ArrayList<>();
        for (String prefix : List.of(
                "reporter=",
                "cluster_manager",
                "listener_manager",
                "server",
                "cluster.xds-grpc",
                "wasm",
                "component",
                "istio")) {
            patterns.add(message("prefix", prefix));
        }
        for (String suffix :
                List.of("rbac.allowed", "rbac.denied", "shadow_allowed", "shadow_denied", "downstream_cx_active")) {
            patterns.add(message("suffix", suffix));
        }
        patterns.add(message("safe_regex", message("regex", "vhost\\..*\\.route\\..*")));
        return message(
                "use_all_default_tags",
                false,
                "stats_matcher",
                message("inclusion_list", message("patterns", patterns)));
    }

    private Map<String, Object> commonTls() {
        return message(
                "tls_params",
                message("tls_minimum_protocol_version", "TLSv1_3", "tls_maximum_protocol_version", "TLSv1_3"),
                "alpn_protocols",
                List.of("h2"),
                "tls_certificates",
                List.of(message(
                        "certificate_chain",
                        message("filename", identity.cert().toString()),
                        "private_key",
                        message("filename", identity.key().toString()))),
                "validation_context",
                message(
                        "trusted_ca",
                        message("filename", root.toString()),
                        "match_typed_subject_alt_names",
                        List.of(message("san_type", "URI", "matcher", message("prefix", "spiffe://cluster.local/")))));
    }

    // ---- HBONE in

    private Map<String, Object> terminate() {
        Map<String, Object> state = extension(
                "connect_authority",
                "envoy.extensions.filters.http.set_filter_state.v3.Config",
                "on_request_headers",
                List.of(
                        state(ORIGINAL_DST + ".local_ip", "%REQ(:AUTHORITY)%", false),
                        state(ORIGINAL_DST + ".remote_ip", "%DOWNSTREAM_REMOTE_ADDRESS%", false),
                        state("io.istio.connect_authority", "%REQ(:AUTHORITY)%", true),
                        state(PEER, "%DOWNSTREAM_PEER_URI_SAN%", true),
                        state("io.istio.local_principal", "%DOWNSTREAM_LOCAL_URI_SAN%", true)));
        Map<String, Object> route = message(
                "match", message("connect_matcher", message()),
                "route",
                        message(
                                "cluster",
                                MAIN,
                                "upgrade_configs",
                                List.of(message("upgrade_type", "CONNECT", "connect_config", message()))));
        Map<String, Object> manager = extension(
                "envoy.filters.network.http_connection_manager",
                "envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager",
                "stat_prefix",
                "connect_terminate",
                "server_name",
                "istio-envoy",
                "use_remote_address",
                false,
                "stream_idle_timeout",
                "0s",
                "upgrade_configs",
                List.of(message("upgrade_type", "CONNECT")),
                "http2_protocol_options",
                message(
                        "allow_connect",
                        true,
                        "max_concurrent_streams",
                        100,
                        "connection_keepalive",
                        message("interval", "10s", "timeout", "20s")),
                "route_config",
                message(
                        "name",
                        "default",
                        "virtual_hosts",
                        List.of(message("name", "default", "domains", List.of("*"), "routes", List.of(route)))),
                "http_filters",
                List.of(state, EnvoyService.router()));
        return message(
                "name",
                "connect_terminate",
                "address",
                socketAddress(ip, BenchMesh.HBONE),
                "connection_balance_config",
                message("exact_balance", message()),
                "filter_chains",
                List.of(message(
                        "name",
                        "default",
                        "transport_socket",
                        extension(
                                "tls",
                                "envoy.extensions.transport_sockets.tls.v3.DownstreamTlsContext",
                                "common_tls_context",
                                commonTls(),
                                "require_client_certificate",
                                true),
                        "filters",
                        List.of(manager))));
    }

    private static Map<String, Object> state(String key, String format, boolean hashable) {
        Map<String, Object> out = message(
                "object_key",
                key,
                "format_string",
                message("text_format_source", message("inline_string", format)),
                "shared_with_upstream",
                "ONCE");
        if (hashable) {
            out.put("factory_key", "envoy.hashable_string");
        }
        return out;
    }

    static Map<String, Object> internalTransport(String... metadata) {
        List<Object> passed = new ArrayList<>();
        for (String m : metadata) {
            passed.add(message("kind", message("host", message()), "name", m));
        }
        return extension(
                "internal_upstream",
                "envoy.extensions.transport_sockets.internal_upstream.v3.InternalUpstreamTransport",
                "passthrough_metadata",
                passed,
                "transport_socket",
                extension(
                        "envoy.transport_sockets.raw_buffer",
                        "envoy.extensions.transport_sockets.raw_buffer.v3.RawBuffer"));
    }

    static Map<String, Object> noLimits() {
        return message(
                "thresholds",
                List.of(message(
                        "max_connections",
                        UNLIMITED,
                        "max_pending_requests",
                        UNLIMITED,
                        "max_requests",
                        UNLIMITED,
                        "max_retries",
                        UNLIMITED,
                        "track_remaining",
                        true)));
    }

    static Map<String, Object> protocol(Object... fields) {
        return message(
                "envoy.extensions.upstreams.http.v3.HttpProtocolOptions",
                typed("envoy.extensions.upstreams.http.v3.HttpProtocolOptions", fields));
    }

    private static Map<String, Object> mainCluster() {
        return message(
                "name",
                MAIN,
                "alt_stat_name",
                MAIN + ";",
                "type",
                "STATIC",
                "circuit_breakers",
                noLimits(),
                "load_assignment",
                assignment(MAIN, List.of(message("endpoint", internalAddress(message("server_listener_name", MAIN))))),
                "typed_extension_protocol_options",
                protocol(
                        "common_http_protocol_options",
                        message("idle_timeout", "300s"),
                        "use_downstream_protocol_config",
                        message("http_protocol_options", message(), "http2_protocol_options", message())),
                "transport_socket",
                internalTransport());
    }

    // ---- the services

    private Map<String, Object> main(List<EnvoyService> services) {
        return message(
                "name",
                MAIN,
                "internal_listener",
                message(),
                "traffic_direction",
                "INBOUND",
                "listener_filters",
                List.of(originalDestination()),
                "filter_chain_matcher",
                EnvoyService.matcher(services),
                "filter_chains",
                services.stream().flatMap(s -> s.chains(accessLog).stream()).toList());
    }

    private static Map<String, Object> originalDestination() {
        return extension(ORIGINAL_DST, "envoy.extensions.filters.listener.original_dst.v3.OriginalDst");
    }

    // ---- HBONE out

    private static Map<String, Object> originate() {
        return message(
                "name",
                ORIGINATE,
                "internal_listener",
                message(),
                "use_original_dst",
                false,
                "listener_filters",
                List.of(originalDestination()),
                "filter_chains",
                List.of(message(
                        "filters",
                        List.of(extension(
                                "envoy.filters.network.tcp_proxy",
                                "envoy.extensions.filters.network.tcp_proxy.v3.TcpProxy",
                                "stat_prefix",
                                ORIGINATE,
                                "cluster",
                                ORIGINATE,
                                "tunneling_config",
                                message("hostname", "%DOWNSTREAM_LOCAL_ADDRESS%"))))));
    }

    private Map<String, Object> originateCluster() {
        return message(
                "name",
                ORIGINATE,
                "alt_stat_name",
                ORIGINATE + ";",
                "type",
                "ORIGINAL_DST",
                "lb_policy",
                "CLUSTER_PROVIDED",
                "connect_timeout",
                "10s",
                "cleanup_interval",
                "60s",
                "circuit_breakers",
                noLimits(),
                "original_dst_lb_config",
                message("upstream_port_override", BenchMesh.HBONE),
                "typed_extension_protocol_options",
                protocol(
                        "common_http_protocol_options",
                        message("idle_timeout", "3600s"),
                        "explicit_http_config",
                        message("http2_protocol_options", message("allow_connect", true))),
                "transport_socket",
                extension(
                        "tls",
                        "envoy.extensions.transport_sockets.tls.v3.UpstreamTlsContext",
                        "common_tls_context",
                        commonTls()));
    }
}
