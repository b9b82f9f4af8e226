package io.milepost.bench.peer;

import static io.milepost.bench.peer.Json.assignment;
import static io.milepost.bench.peer.Json.extension;
import static io.milepost.bench.peer.Json.internalAddress;
import static io.milepost.bench.peer.Json.message;
import static io.milepost.bench.peer.Json.typed;

import io.milepost.bench.mesh.BenchMesh;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** A service in Envoy's words: a filter chain per port, and clusters whose endpoints are behind {@code connect_originate}. */
final class EnvoyService {
    private static final String PREFIX = "envoy.extensions.filters.http.";

    /** Istio's default text format. */
    static final String LOG_FORMAT = "[%START_TIME%] \"%REQ(:METHOD)% %REQ(X-ENVOY-ORIGINAL-PATH?:PATH)% %PROTOCOL%\" "
            + "%RESPONSE_CODE% %RESPONSE_FLAGS% %RESPONSE_CODE_DETAILS% %CONNECTION_TERMINATION_DETAILS% "
            + "\"%UPSTREAM_TRANSPORT_FAILURE_REASON%\" %BYTES_RECEIVED% %BYTES_SENT% %DURATION% "
            + "%RESP(X-ENVOY-UPSTREAM-SERVICE-TIME)% \"%REQ(X-FORWARDED-FOR)%\" \"%REQ(USER-AGENT)%\" "
            + "\"%REQ(X-REQUEST-ID)%\" \"%REQ(:AUTHORITY)%\" \"%UPSTREAM_HOST%\" %UPSTREAM_CLUSTER_RAW% "
            + "%UPSTREAM_LOCAL_ADDRESS% %DOWNSTREAM_LOCAL_ADDRESS% %DOWNSTREAM_REMOTE_ADDRESS% "
            + "%REQUESTED_SERVER_NAME% %ROUTE_NAME%\n";

    private final String host;
    private final String vip;
    private final boolean realistic;
    private final List<BenchMesh.Port> ports;
    /** Versions of the pods behind it; null is all. */
    private final @Nullable String version;

    private EnvoyService(
            String host, String vip, boolean realistic, List<BenchMesh.Port> ports, @Nullable String version) {
        this.host = host;
        this.vip = vip;
        this.realistic = realistic;
        this.ports = ports;
        this.version = version;
    }

    static List<EnvoyService> of(Workload workload) {
        List<EnvoyService> out = new ArrayList<>();
        out.add(new EnvoyService(BenchMesh.HOST, BenchMesh.VIP, workload.realistic(), BenchMesh.PORTS, null));
        if (workload.realistic()) {
            out.add(new EnvoyService(host("web-v1"), "10.97.0.2", false, BenchMesh.PORTS, "v1"));
            out.add(new EnvoyService(host("web-v2"), "10.97.0.3", false, BenchMesh.PORTS, "v2"));
        }
        for (int i = 1; i <= workload.services(); i++) {
            out.add(new EnvoyService(
                    host("svc-" + i),
                    MilepostConfig.address("10.128.0.0", i),
                    false,
                    BenchMesh.PORTS.subList(0, 1),
                    null));
        }
        return out;
    }

    private static String host(String name) {
        return name + ".default.svc.cluster.local";
    }

    private static String cluster(String host, BenchMesh.Port port) {
        return "inbound-vip|" + port.number() + (isTcp(port) ? "|tcp|" : "|http|") + host;
    }

    private static boolean isTcp(BenchMesh.Port port) {
        return port.name().equals("tcp");
    }

    private static boolean isHttp1(BenchMesh.Port port) {
        return port.name().equals("http");
    }

    static Map<String, Object> router() {
        return extension("envoy.filters.http.router", PREFIX + "router.v3.Router");
    }

    // ---- listener

    /** Which chain by address and port. */
    static Map<String, Object> matcher(List<EnvoyService> services) {
        List<Object> ranges = new ArrayList<>();
        for (EnvoyService s : services) {
            Map<String, Object> byPort = message();
            for (BenchMesh.Port p : s.ports) {
                String chain = cluster(s.host, p);
                byPort.put(
                        Integer.toString(p.number()),
                        message(
                                "action",
                                message(
                                        "name",
                                        chain,
                                        "typed_config",
                                        typed("google.protobuf.StringValue", "value", chain))));
            }
            ranges.add(message(
                    "ranges",
                    List.of(message("address_prefix", s.vip, "prefix_len", 32)),
                    "on_match",
                    message("matcher", tree("DestinationPortInput", "exact_match_map", message("map", byPort)))));
        }
        return tree(
                "DestinationIPInput",
                "custom_match",
                extension("ip", "xds.type.matcher.v3.IPMatcher", "range_matchers", ranges));
    }

    private static Map<String, Object> tree(String input, String kind, Object value) {
        return message(
                "matcher_tree",
                message(
                        "input",
                        extension("input", "envoy.extensions.matching.common_inputs.network.v3." + input),
                        kind,
                        value));
    }

    List<Map<String, Object>> chains(Path accessLog) {
        List<Map<String, Object>> out = new ArrayList<>();
        for (BenchMesh.Port p : ports) {
            out.add(message("name", cluster(host, p), "filters", List.of(isTcp(p) ? tcp(p) : http(p, accessLog))));
        }
        return out;
    }

    private Map<String, Object> tcp(BenchMesh.Port port) {
        return extension(
                "envoy.filters.network.tcp_proxy",
                "envoy.extensions.filters.network.tcp_proxy.v3.TcpProxy",
                "stat_prefix",
                cluster(host, port),
                "cluster",
                cluster(host, port));
    }

    private Map<String, Object> http(BenchMesh.Port port, Path accessLog) {
        List<Object> filters = new ArrayList<>();
        if (realistic) {
            filters.add(EnvoyRealistic.policy());
        }
        filters.add(extension(
                "envoy.filters.http.grpc_stats",
                PREFIX + "grpc_stats.v3.FilterConfig",
                "emit_filter_state",
                true,
                "stats_for_all_methods",
                false));
        filters.add(extension("envoy.filters.http.fault", PREFIX + "fault.v3.HTTPFault"));
        filters.add(extension("envoy.filters.http.cors", PREFIX + "cors.v3.Cors"));
        filters.add(router());
        List<Map<String, Object>> routes = realistic && isHttp1(port)
                ? EnvoyRealistic.routes(cluster(host("web-v1"), port), cluster(host("web-v2"), port))
                : List.of(message(
                        "name",
                        "default",
                        "match",
                        message("prefix", "/"),
                        "route",
                        action("cluster", cluster(host, port))));
        return extension(
                "envoy.filters.network.http_connection_manager",
                "envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager",
                "stat_prefix",
                "inbound_0.0.0.0_" + port.number() + ";",
                "codec_type",
                "AUTO",
                "server_name",
                "istio-envoy",
                "use_remote_address",
                false,
                "normalize_path",
                true,
                "path_with_escaped_slashes_action",
                "KEEP_UNCHANGED",
                "stream_idle_timeout",
                "0s",
                "upgrade_configs",
                List.of(message("upgrade_type", "websocket")),
                "access_log",
                realistic ? List.of(log(accessLog)) : List.of(),
                "route_config",
                message(
                        "name",
                        cluster(host, port),
                        "validate_clusters",
                        false,
                        "virtual_hosts",
                        List.of(message(
                                "name", "inbound|http|" + port.number(), "domains", List.of("*"), "routes", routes))),
                "http_filters",
                filters);
    }

    private static Map<String, Object> log(Path file) {
        return extension(
                "envoy.access_loggers.file",
                "envoy.extensions.access_loggers.file.v3.FileAccessLog",
                "path",
                file.toString(),
                "log_format",
                message("text_format_source", message("inline_string", LOG_FORMAT)));
    }

    /** A route action with istiod's default retries. */
    static Map<String, Object> action(String kind, Object value) {
        return message(
                kind,
                value,
                "timeout",
                "0s",
                "retry_policy",
                message(
                        "retry_on",
                        "connect-failure,refused-stream,unavailable,cancelled,retriable-status-codes",
                        "num_retries",
                        2,
                        "retry_host_predicate",
                        List.of(extension(
                                "envoy.retry_host_predicates.previous_hosts",
                                "envoy.extensions.retry.host.previous_hosts.v3.PreviousHostsPredicate")),
                        "host_selection_retry_max_attempts",
                        "5"));
    }

    // ---- clusters

    List<Map<String, Object>> clusters() {
        List<Map<String, Object>> out = new ArrayList<>();
        for (BenchMesh.Port p : ports) {
            List<Object> endpoints = new ArrayList<>();
            for (BenchMesh.Pod pod : BenchMesh.PODS) {
                if (version == null || version.equals(pod.version())) {
                    String at = pod.ip() + ":" + p.target();
                    endpoints.add(message(
                            "endpoint",
                            internalAddress(message("server_listener_name", "connect_originate", "endpoint_id", at)),
                            "metadata",
                            message("filter_metadata", message(EnvoyConfig.ORIGINAL_DST, message("local", at))),
                            "load_balancing_weight",
                            1));
                }
            }
            String name = cluster(host, p);
            Map<String, Object> cluster = message(
                    "name",
                    name,
                    "type",
                    "STATIC",
                    "connect_timeout",
                    "10s",
                    "lb_policy",
                    "LEAST_REQUEST",
                    "circuit_breakers",
                    EnvoyConfig.noLimits(),
                    "common_lb_config",
                    message("healthy_panic_threshold", message("value", 0)),
                    "load_assignment",
                    assignment(name, endpoints),
                    "transport_socket",
                    EnvoyConfig.internalTransport(EnvoyConfig.ORIGINAL_DST, "istio"));
            if (!isTcp(p)) {
                String protocol = isHttp1(p) ? "http_protocol_options" : "http2_protocol_options";
                cluster.put(
                        "typed_extension_protocol_options",
                        EnvoyConfig.protocol("explicit_http_config", message(protocol, message())));
            }
            out.add(cluster);
        }
        return out;
    }
}
