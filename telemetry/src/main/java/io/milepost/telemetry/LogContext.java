package io.milepost.telemetry;

import io.milepost.http.HeaderName;
import io.milepost.http.Headers;
import io.milepost.http.RequestHead;
import io.milepost.http.ResponseHead;
import org.jspecify.annotations.Nullable;

/**
 * What an access log can say of one finished HTTP exchange, TCP connection or refused CONNECT.
 *
 * <p>Read on the event loop when the exchange ends, by formats and filters; implementations answer from their own state
 * and allocate nothing. Null (or a negative duration) is absent and prints as {@code -} or JSON's null. Everything that
 * only some kinds of traffic have is a default method, so that a TCP connection implements a dozen methods. Texts may be
 * {@code AsciiString} (written as its bytes) or {@code String} (written as UTF-8).
 */
public interface LogContext {
    /** Sizes beyond the bodies; 0 when not counted. */
    enum Wire {
        DOWNSTREAM_WIRE_BYTES_RECEIVED,
        DOWNSTREAM_WIRE_BYTES_SENT,
        DOWNSTREAM_HEADER_BYTES_RECEIVED,
        DOWNSTREAM_HEADER_BYTES_SENT,
        UPSTREAM_WIRE_BYTES_RECEIVED,
        UPSTREAM_WIRE_BYTES_SENT,
        UPSTREAM_HEADER_BYTES_RECEIVED,
        UPSTREAM_HEADER_BYTES_SENT
    }

    /** Points in time of an exchange; see {@link #sinceStartNanos(Moment)}. */
    enum Moment {
        /** The last byte of the request has come. */
        REQUEST_RECEIVED,
        /** The first byte of the request has gone upstream. */
        UPSTREAM_FIRST_SENT,
        /** The last byte of the request has gone upstream. */
        UPSTREAM_LAST_SENT,
        /** The first byte of the response has come from upstream. */
        UPSTREAM_FIRST_RECEIVED,
        /** The last byte of the response has come from upstream. */
        UPSTREAM_LAST_RECEIVED,
        /** The first byte of the response has gone to the client. */
        RESPONSE_FIRST_SENT,
        /** The last byte of the response has gone to the client. */
        RESPONSE_SENT
    }

    /** Where {@link #metadata} looks. */
    enum Metadata {
        DYNAMIC,
        CLUSTER,
        UPSTREAM_HOST,
        ROUTE
    }

    /** Opaque bytes and not HTTP: decides the order of flags and {@code ACCESS_LOG_TYPE}. */
    boolean tcp();

    /** Start of the exchange in nanoseconds since 1970 (UTC). */
    long startEpochNanos();

    /** From start to end. */
    long durationNanos();

    /** From the start to a moment; -1 when it never came. */
    default long sinceStartNanos(Moment moment) {
        return -1;
    }

    /** Body bytes (HTTP) or all bytes (TCP) from downstream. */
    default long bytesReceived() {
        return 0;
    }

    /** Body bytes (HTTP) or all bytes (TCP) to downstream. */
    default long bytesSent() {
        return 0;
    }

    default long wireBytes(Wire which) {
        return 0;
    }

    /** Set of {@link ResponseFlags}. */
    int responseFlags();

    /**
     * The request as it stood at the end, after rewrites ({@code x-envoy-original-path} keeps the path as it came); null
     * for TCP and for messages that could not be parsed. An empty method, authority or path is absent.
     */
    default @Nullable RequestHead request() {
        return null;
    }

    /** The protocol downstream; known even where the request could not be parsed. */
    default RequestHead.@Nullable Protocol protocol() {
        RequestHead r = request();
        return r == null ? null : r.protocol();
    }

    /** Whether the request named a host, be it an empty one. */
    default boolean hasHost() {
        return true;
    }

    /** The response as the client got it. */
    default @Nullable ResponseHead response() {
        return null;
    }

    default @Nullable Headers responseTrailers() {
        return null;
    }

    /** 0 when no response was sent, and for TCP. */
    default int responseCode() {
        ResponseHead r = response();
        return r == null ? 0 : r.status();
    }

    /** For example {@code via_upstream}; blanks are printed as {@code _}. */
    default @Nullable CharSequence responseCodeDetails() {
        return null;
    }

    default @Nullable CharSequence connectionTerminationDetails() {
        return null;
    }

    /** Why TCP or TLS to the endpoint failed; blanks are printed as {@code _}. */
    default @Nullable CharSequence upstreamTransportFailureReason() {
        return null;
    }

    /** The route's name; null or empty for routes without one. */
    default @Nullable CharSequence routeName() {
        return null;
    }

    /** SNI of the application's TLS. */
    default @Nullable CharSequence requestedServerName() {
        return null;
    }

    /** Envoy's cluster name; null when no route was chosen or it answers directly. */
    default @Nullable CharSequence upstreamCluster() {
        return null;
    }

    /** {@code ip:port}, or {@code envoy://connect_originate/ip:port} for an endpoint behind HBONE. */
    default @Nullable CharSequence upstreamHost() {
        return null;
    }

    default @Nullable CharSequence upstreamRemoteAddress() {
        return upstreamHost();
    }

    /** {@code ip:port}, or {@code envoy://internal_client_address/} over HBONE. */
    default @Nullable CharSequence upstreamLocalAddress() {
        return null;
    }

    default RequestHead.@Nullable Protocol upstreamProtocol() {
        return null;
    }

    /** Requests (or connections) sent upstream, 0 when none. */
    default int upstreamAttempts() {
        return 0;
    }

    /** The original destination {@code vip:port}. */
    @Nullable
    CharSequence downstreamLocalAddress();

    /** The client as {@code ip:port}; the last trusted x-forwarded-for entry with port 0 when there is one. */
    @Nullable
    CharSequence downstreamRemoteAddress();

    /** Envoy's internal listener, which the tunnel's bytes come to. */
    default CharSequence downstreamDirectLocalAddress() {
        return "envoy://main_internal/";
    }

    /** The chain of the service's port: {@code inbound-vip|9080|http|reviews.default.svc.cluster.local}. */
    default @Nullable CharSequence filterChainName() {
        return null;
    }

    /** The peer of the connection itself; inside a tunnel there is none with an IP address. */
    default @Nullable CharSequence downstreamDirectRemoteAddress() {
        return "envoy://internal_client_address/";
    }

    /** {@code spiffe://...} of the client, null without mTLS. */
    default @Nullable CharSequence peerPrincipal() {
        return null;
    }

    /** {@code spiffe://...} that was presented to the client. */
    default @Nullable CharSequence localPrincipal() {
        return null;
    }

    /** TLS version and cipher suite of the tunnel, for example {@code TLSv1.3}. */
    default @Nullable CharSequence downstreamTlsVersion() {
        return null;
    }

    default @Nullable CharSequence downstreamTlsCipher() {
        return null;
    }

    /** SHA-256 of the client's certificate in hex. */
    default @Nullable CharSequence peerFingerprint() {
        return null;
    }

    /** Number of the downstream connection. */
    default long connectionId() {
        return 0;
    }

    /** Number of the connection to the endpoint; 0 without one. */
    default long upstreamConnectionId() {
        return 0;
    }

    /** Unique id of the exchange (UUID); null uses x-request-id. */
    default @Nullable CharSequence streamId() {
        RequestHead r = request();
        return r == null ? null : r.headers().get(HeaderName.X_REQUEST_ID);
    }

    default @Nullable CharSequence traceId() {
        return null;
    }

    /** {@code path} has its segments joined by colons; objects are written as JSON. */
    default @Nullable CharSequence metadata(Metadata where, String namespace, String path) {
        return null;
    }

    /**
     * Envoy's filter state; {@code field} is empty unless the format asks for one ({@code
     * downstream_peer_obj:FIELD:workload}).
     */
    default @Nullable CharSequence filterState(String key, String field) {
        if (!field.isEmpty()) {
            return null;
        }
        return switch (key) {
            case "io.istio.peer_principal" -> peerPrincipal();
            case "io.istio.local_principal" -> localPrincipal();
            case "io.istio.connect_authority" -> downstreamLocalAddress();
            default -> null;
        };
    }
}
