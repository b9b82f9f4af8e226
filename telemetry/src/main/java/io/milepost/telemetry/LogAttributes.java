package io.milepost.telemetry;

import static java.util.Map.entry;

import io.milepost.http.HeaderName;
import io.milepost.http.Headers;
import io.milepost.http.RequestHead;
import io.milepost.http.ResponseHead;
import io.milepost.telemetry.CelValues.CelMap;
import io.milepost.telemetry.LogContext.Metadata;
import io.milepost.telemetry.LogContext.Moment;
import io.milepost.telemetry.LogContext.Wire;
import io.netty.util.AsciiString;
import java.time.Duration;
import java.time.Instant;
import java.util.Map;
import java.util.function.Function;
import java.util.function.ToLongFunction;
import org.jspecify.annotations.Nullable;

/** Envoy's CEL attributes of an exchange. */
final class LogAttributes {
    private static final AsciiString EMPTY = AsciiString.EMPTY_STRING;
    private static final HeaderName REFERER = HeaderName.of("referer");
    private static final HeaderName USER_AGENT = HeaderName.of("user-agent");

    private static final int STATUS_BYTES = ":status".length() + 3;

    private static final Map<String, LogExpression> NAMED = Map.ofEntries(
            entry("request.method", request(RequestHead::method)),
            entry("request.path", request(RequestHead::path)),
            entry("request.url_path", request(r -> r.path().subSequence(0, r.pathLength()))),
            entry("request.query", request(LogAttributes::query)),
            entry("request.host", request(RequestHead::authority)),
            entry("request.scheme", request(RequestHead::scheme)),
            entry("request.useragent", request(r -> r.headers().get(USER_AGENT))),
            entry("request.referer", request(r -> r.headers().get(REFERER))),
            entry("request.id", request(r -> r.headers().get(HeaderName.X_REQUEST_ID))),
            entry("request.protocol", c -> c.protocol() == null ? null : String.valueOf(c.protocol())),
            entry("request.size", number(LogContext::bytesReceived)),
            entry("response.code", c -> c.responseCode() == 0 ? null : (Object) (long) c.responseCode()),
            entry("response.code_details", c -> c.responseCodeDetails()),
            entry("response.size", number(LogContext::bytesSent)),
            entry(
                    "request.total_size",
                    number(c -> c.bytesReceived() + c.wireBytes(Wire.DOWNSTREAM_HEADER_BYTES_RECEIVED))),
            entry("response.total_size", number(c -> c.bytesSent() + headerBytes(c))),
            entry("request.time", c -> Instant.EPOCH.plusNanos(c.startEpochNanos())),
            entry("request.duration", c -> Duration.ofNanos(Math.max(0, c.durationNanos()))),
            entry("response.backend_latency", LogAttributes::backendLatency),
            entry("response.flags", number(c -> ResponseFlags.numbered(c.responseFlags()))),
            entry("xds.filter_chain_name", LogContext::filterChainName),
            entry("response.grpc_status", c -> {
                int s = GrpcStatus.ofAny(c);
                return s < 0 ? null : (Object) (long) s;
            }),
            // Never true on Envoy's waypoint, whose HTTP runs inside the tunnel (measured-behaviour 34)
            entry("connection.mtls", c -> false),
            entry("connection.id", number(LogContext::connectionId)),
            entry("connection.requested_server_name", LogContext::requestedServerName),
            entry("connection.termination_details", LogContext::connectionTerminationDetails),
            entry("connection.transport_failure_reason", c -> null),
            // The tunnel's TLS is not the inner connection's, which has none (asked of Envoy 1.40.0)
            entry("connection.tls_version", c -> null),
            entry("connection.subject_local_certificate", c -> null),
            entry("connection.subject_peer_certificate", c -> null),
            entry("connection.dns_san_local_certificate", c -> null),
            entry("connection.dns_san_peer_certificate", c -> null),
            entry("connection.uri_san_local_certificate", c -> null),
            entry("connection.uri_san_peer_certificate", c -> null),
            entry("connection.sha256_peer_certificate_digest", c -> null),
            entry("upstream.tls_version", c -> null),
            entry("upstream.uri_san_peer_certificate", c -> null),
            // No attribute of Envoy's, which takes any name: never has a value (asked of Envoy 1.40.0)
            entry("upstream.cluster_name", c -> null),
            entry("xds.listener_direction", c -> 1L),
            entry("source.address", LogContext::downstreamRemoteAddress),
            entry("source.port", port(LogContext::downstreamRemoteAddress)),
            entry("destination.address", LogContext::downstreamLocalAddress),
            entry("destination.port", port(LogContext::downstreamLocalAddress)),
            entry("upstream.address", LogContext::upstreamHost),
            entry("upstream.port", port(LogContext::upstreamHost)),
            entry("upstream.local_address", LogContext::upstreamLocalAddress),
            entry("upstream.transport_failure_reason", LogContext::upstreamTransportFailureReason),
            entry("upstream.request_attempt_count", number(LogContext::upstreamAttempts)),
            entry("xds.virtual_host_name", LogAttributes::virtualHost),
            // Envoy prints what its bootstrap says of it; there is no such thing here.
            entry("xds.node", c -> null),
            // Present and empty (asked of Envoy 1.40.0)
            entry("xds.listener_metadata", c -> EMPTY),
            entry("xds.virtual_host_metadata", c -> EMPTY),
            entry("metadata", c -> EMPTY),
            entry("metadata.filter_metadata", c -> CelMap.EMPTY),
            entry("filter_state", c -> CelMap.EMPTY),
            entry(
                    "request.headers",
                    c -> map(c.request() == null ? null : c.request().headers(), 4)),
            entry(
                    "response.headers",
                    c -> map(c.response() == null ? null : c.response().headers(), 1)),
            entry("response.trailers", c -> map(c.responseTrailers(), 0)),
            entry("xds.cluster_name", LogContext::upstreamCluster),
            entry("xds.route_name", LogContext::routeName));

    private LogAttributes() {}

    static @Nullable LogExpression named(String path) {
        return NAMED.get(path);
    }

    /** {@code filter_state['io.istio.peer_principal']}. */
    static LogExpression filterState(String key) {
        return c -> c.filterState(key, "");
    }

    /** {@code xds.route_metadata.filter_metadata['istio']['config']}; null when there is no such metadata. */
    static @Nullable LogExpression metadata(String of, String namespace, String key) {
        Metadata where = switch (of) {
            case "metadata" -> Metadata.DYNAMIC;
            case "xds.cluster_metadata" -> Metadata.CLUSTER;
            case "xds.route_metadata" -> Metadata.ROUTE;
            case "xds.upstream_host_metadata" -> Metadata.UPSTREAM_HOST;
            default -> null;
        };
        if (of.equals("xds.listener_metadata") || of.equals("xds.virtual_host_metadata")) {
            return c -> null;
        }
        return where == null ? null : c -> c.metadata(where, namespace, key);
    }

    /** @param pseudo how many headers beside the named ones Envoy counts, {@code :path} for example */
    private static CelMap map(@Nullable Headers h, int pseudo) {
        return h == null
                ? CelMap.EMPTY
                : new CelMap((long) h.size() + pseudo, name -> h.indexOf(HeaderName.of(name), 0) >= 0);
    }

    /** istiod's name for the one of a service's port; a chain's name has the port as its second part. */
    private static @Nullable CharSequence virtualHost(LogContext c) {
        CharSequence chain = c.filterChainName();
        String[] parts = chain == null ? new String[0] : chain.toString().split("\\|", -1);
        return parts.length > 2 && parts[2].startsWith("http") ? "inbound|http|" + parts[1] : null;
    }

    /** Of the response's headers and trailers, as Envoy counts: names and values, with the status. */
    private static long headerBytes(LogContext c) {
        ResponseHead response = c.response();
        return response == null ? 0 : STATUS_BYTES + bytes(response.headers()) + bytes(c.responseTrailers());
    }

    private static long bytes(@Nullable Headers h) {
        long n = 0;
        for (int i = 0; h != null && i < h.size(); i++) {
            n += h.name(i).text().length() + h.value(i).length();
        }
        return n;
    }

    private static @Nullable Object backendLatency(LogContext c) {
        long from = c.sinceStartNanos(Moment.UPSTREAM_FIRST_SENT);
        long to = c.sinceStartNanos(Moment.UPSTREAM_LAST_RECEIVED);
        return from < 0 || to < from ? null : Duration.ofNanos(to - from);
    }

    static LogExpression header(String of, String name) {
        if (name.startsWith(":")) {
            LogExpression pseudo = NAMED.get(
                    switch (name) {
                        case ":method" -> "request.method";
                        case ":path" -> "request.path";
                        case ":authority" -> "request.host";
                        case ":scheme" -> "request.scheme";
                        default -> throw new IllegalArgumentException("no message has the header " + name);
                    });
            return pseudo == null ? c -> null : pseudo;
        }
        HeaderName n = HeaderName.of(name);
        if (of.startsWith("request")) {
            return request(r -> joined(r.headers(), n));
        }
        return c -> {
            var response = c.response();
            return response == null ? null : joined(response.headers(), n);
        };
    }

    /** Lines of one name are one value to an expression (asked of Envoy 1.40.0). */
    private static @Nullable CharSequence joined(Headers h, HeaderName name) {
        int i = h.indexOf(name, 0);
        int next = i < 0 ? -1 : h.indexOf(name, i + 1);
        if (next < 0) {
            return i < 0 ? null : h.value(i);
        }
        StringBuilder all = new StringBuilder(h.value(i));
        for (; next >= 0; next = h.indexOf(name, next + 1)) {
            all.append(',').append(h.value(next));
        }
        return all;
    }

    private static CharSequence query(RequestHead r) {
        int q = r.path().indexOf('?', 0);
        return q < 0 ? EMPTY : r.path().subSequence(q + 1);
    }

    private static LogExpression request(Function<RequestHead, @Nullable CharSequence> get) {
        return c -> {
            RequestHead r = c.request();
            return r == null ? null : get.apply(r);
        };
    }

    private static LogExpression number(ToLongFunction<LogContext> get) {
        return c -> (Object) get.applyAsLong(c);
    }

    private static LogExpression port(Function<LogContext, @Nullable CharSequence> get) {
        return c -> {
            CharSequence a = get.apply(c);
            int colon = a == null ? -1 : Addresses.colon(a);
            if (a == null || colon < 0 || a.length() - colon > 6) {
                return null;
            }
            return (Object) (long) Integer.parseInt(a, colon + 1, a.length(), 10);
        };
    }
}
