package io.milepost.telemetry;

import io.milepost.http.HeaderName;
import io.milepost.http.Headers;
import io.milepost.http.RequestHead;
import io.milepost.http.ResponseHead;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.util.AsciiString;
import java.nio.charset.StandardCharsets;
import java.util.EnumMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** An exchange whose facts the test sets; begins as GET / of reviews-v1 that went well over HBONE. */
final class FakeContext implements LogContext {
    boolean tcp;
    long start = 1_785_585_600_123_456_789L;
    long millis = 6;
    long received;
    long sent = 278;
    int flags;
    int code = 200;

    @Nullable
    RequestHead request;

    RequestHead.@Nullable Protocol protocol;
    Headers responseHeaders = new Headers();

    @Nullable
    Headers trailers;

    @Nullable
    String details = "via_upstream";

    @Nullable
    String termination;

    @Nullable
    String failure;

    @Nullable
    String route = "default";

    @Nullable
    String cluster = "inbound-vip|9080|http|reviews-v1.default.svc.cluster.local";

    @Nullable
    String host = "envoy://connect_originate/127.1.1.1:9080";

    @Nullable
    String upstreamLocal = "envoy://internal_client_address/";

    RequestHead.@Nullable Protocol upstreamProtocol;
    int attempts = 1;
    long upstreamConnection;
    String local = "10.96.0.31:9080";
    String remote = "127.2.0.1:40000";
    String principal = "spiffe://cluster.local/ns/default/sa/client";
    Map<Moment, Long> moments = new EnumMap<>(Moment.class);

    @Nullable
    String metadata;

    @Nullable
    String chain;

    private @Nullable ResponseHead response;

    static FakeContext http(String method, String authority, String path) {
        FakeContext c = new FakeContext();
        c.request(RequestHead.Protocol.HTTP_1_1, method, authority, path);
        c.upstreamProtocol = c.protocol;
        c.header("x-request-id", "8b3ad6cf-28a8-456b-a6c3-fedfd30c4989");
        c.responseHeaders.add("content-type", "application/json").add("x-envoy-upstream-service-time", "5");
        return c;
    }

    /** A connection of the case's echo service. */
    static FakeContext ofTcp() {
        FakeContext c = new FakeContext();
        c.tcp = true;
        c.code = 0;
        c.details = null;
        c.route = null;
        c.received = 2;
        c.sent = 12;
        c.cluster = "inbound-vip|90|tcp|echo-v1.default.svc.cluster.local";
        c.host = "envoy://connect_originate/127.1.3.1:9090";
        c.local = "10.96.0.34:90";
        return c;
    }

    /** No endpoint was chosen. */
    FakeContext nowhere() {
        host = null;
        upstreamLocal = null;
        upstreamProtocol = null;
        attempts = 0;
        responseHeaders.clear();
        return this;
    }

    FakeContext request(RequestHead.Protocol p, String method, String authority, String path) {
        protocol = p;
        request = new RequestHead(
                p,
                new AsciiString(method),
                new AsciiString(authority),
                new AsciiString(path),
                new AsciiString("http"),
                new Headers());
        return this;
    }

    FakeContext header(String name, String latin1) {
        RequestHead r = java.util.Objects.requireNonNull(request);
        r.headers().add(HeaderName.of(name), new AsciiString(latin1.getBytes(StandardCharsets.ISO_8859_1)));
        return this;
    }

    String line(AccessLogFormat f) {
        ByteBuf b = Unpooled.buffer();
        f.write(this, b);
        return b.toString(StandardCharsets.UTF_8);
    }

    @Override
    public boolean hasHost() {
        return !"missing_host_header".equals(details);
    }

    @Override
    public boolean tcp() {
        return tcp;
    }

    @Override
    public long startEpochNanos() {
        return start;
    }

    @Override
    public long durationNanos() {
        return millis * 1_000_000;
    }

    @Override
    public long sinceStartNanos(Moment m) {
        return moments.getOrDefault(m, -1L);
    }

    @Override
    public long bytesReceived() {
        return received;
    }

    @Override
    public long bytesSent() {
        return sent;
    }

    @Override
    public int responseFlags() {
        return flags;
    }

    @Override
    public @Nullable RequestHead request() {
        return request;
    }

    @Override
    public RequestHead.@Nullable Protocol protocol() {
        return protocol;
    }

    @Override
    public @Nullable ResponseHead response() {
        if (code != 0 && (response == null || response.status() != code || response.headers() != responseHeaders)) {
            response = new ResponseHead(code, responseHeaders);
        }
        return code == 0 ? null : response;
    }

    @Override
    public @Nullable Headers responseTrailers() {
        return trailers;
    }

    @Override
    public @Nullable CharSequence responseCodeDetails() {
        return details;
    }

    @Override
    public @Nullable CharSequence connectionTerminationDetails() {
        return termination;
    }

    @Override
    public @Nullable CharSequence upstreamTransportFailureReason() {
        return failure;
    }

    @Override
    public @Nullable CharSequence routeName() {
        return route;
    }

    @Override
    public @Nullable CharSequence upstreamCluster() {
        return cluster;
    }

    @Override
    public @Nullable CharSequence upstreamHost() {
        return host;
    }

    @Override
    public @Nullable CharSequence upstreamLocalAddress() {
        return upstreamLocal;
    }

    @Override
    public RequestHead.@Nullable Protocol upstreamProtocol() {
        return upstreamProtocol;
    }

    @Override
    public long upstreamConnectionId() {
        return upstreamConnection;
    }

    @Override
    public int upstreamAttempts() {
        return attempts;
    }

    @Override
    public CharSequence downstreamLocalAddress() {
        return local;
    }

    @Override
    public CharSequence downstreamRemoteAddress() {
        return remote;
    }

    @Override
    public CharSequence peerPrincipal() {
        return principal;
    }

    @Override
    public @Nullable CharSequence metadata(Metadata where, String namespace, String path) {
        return metadata;
    }

    @Override
    public @Nullable CharSequence filterChainName() {
        return chain;
    }
}
