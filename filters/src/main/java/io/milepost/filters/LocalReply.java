package io.milepost.filters;

import io.milepost.http.HeaderName;
import io.milepost.http.Headers;
import io.milepost.http.RequestHead;
import io.milepost.http.ResponseHead;
import io.milepost.policy.AuthzDecision;
import io.netty.util.AsciiString;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Map;

/**
 * An answer that no backend gave. Immutable; constant ones are made once.
 *
 * @param status the HTTP status (a gRPC client gets 200 and {@link #grpcStatus})
 * @param body text of {@code content-type: text/plain}; may be empty
 * @param details Envoy's {@code %RESPONSE_CODE_DETAILS%}
 * @param flags Envoy's {@code %RESPONSE_FLAGS%}, comma-separated; empty for none
 * @param grpcStatus what a gRPC client gets; -1 derives it from the HTTP status
 * @param headers further headers
 */
public record LocalReply(
        int status, AsciiString body, String details, String flags, int grpcStatus, List<Header> headers) {

    /** One header line. */
    public record Header(HeaderName name, AsciiString value) {}

    private static final AsciiString TEXT = AsciiString.cached("text/plain");
    private static final AsciiString GRPC = AsciiString.cached("application/grpc");
    private static final AsciiString ZERO = AsciiString.cached("0");
    private static final byte[] HEX = "0123456789ABCDEF".getBytes(StandardCharsets.US_ASCII);

    /** {@code RBAC: access denied}; its details name the policy. */
    public static final AsciiString RBAC_DENIED = AsciiString.cached("RBAC: access denied");

    /** No rule matched. */
    public static final LocalReply NO_ROUTE = of(404, "", "route_not_found", "NR");

    /** The cluster has no endpoint that may be used. */
    public static final LocalReply NO_HEALTHY_UPSTREAM = of(503, "no healthy upstream", "no_healthy_upstream", "UH");

    /** The whole request took too long. */
    public static final LocalReply TIMEOUT =
            of(504, "upstream request timeout", "response_timeout", "UT").withGrpcStatus(14);

    /** The path cannot be normalised. */
    public static final LocalReply BAD_PATH = of(400, "", "path_normalization_failed", "");

    /** The abort of fault injection. */
    static final AsciiString FAULT_ABORT = AsciiString.cached("fault filter abort");

    public LocalReply {
        headers = List.copyOf(headers);
    }

    public static LocalReply of(int status, String body, String details, String flags) {
        return new LocalReply(status, Format.bytes(body), details, flags, -1, List.of());
    }

    /** The cluster of the rule does not exist. */
    public static LocalReply clusterNotFound(int status) {
        return of(status, "", "cluster_not_found", "NC");
    }

    /** The extension provider of a CUSTOM policy gave no answer (Envoy's 403 of ext_authz without statusOnError). */
    private static final LocalReply NOT_ASKED = of(403, "", "ext_authz_error", "UAEX");

    /** Policies refuse the request. */
    public static LocalReply denied(AuthzDecision decision) {
        return decision.stage() == AuthzDecision.Stage.CUSTOM ? NOT_ASKED : rbacDenied(decision.details());
    }

    /** Policies refuse the request; {@code details} as in {@code AuthzDecision.details()}. */
    public static LocalReply rbacDenied(String details) {
        return new LocalReply(403, RBAC_DENIED, details, "", -1, List.of());
    }

    public LocalReply withGrpcStatus(int grpc) {
        return new LocalReply(status, body, details, flags, grpc, headers);
    }

    public LocalReply withHeader(HeaderName name, AsciiString value) {
        List<Header> list = new java.util.ArrayList<>(headers);
        list.add(new Header(name, value));
        return new LocalReply(status, body, details, flags, grpcStatus, list);
    }

    /** The reset of all tries: {@code upstream connect error or disconnect/reset before headers. ...}. */
    public static LocalReply upstreamReset(RetryDecider.Reset reset, boolean retried) {
        return UpstreamResets.reply(reset, retried);
    }

    /**
     * As {@link #upstreamReset(RetryDecider.Reset, boolean)}, with what the transport said in the details, for example
     * {@code delayed connect error: Connection refused}; the body stays the same.
     */
    public static LocalReply upstreamReset(RetryDecider.Reset reset, boolean retried, String transport) {
        return UpstreamResets.reply(reset, retried, transport);
    }

    /** Whether the client speaks gRPC: {@code application/grpc} or {@code application/grpc+...}, in lower case. */
    public static boolean isGrpc(RequestHead request) {
        AsciiString type = request.headers().get(HeaderName.CONTENT_TYPE);
        return type != null
                && type.startsWith(GRPC)
                && (type.length() == GRPC.length() || type.byteAt(GRPC.length()) == '+');
    }

    /**
     * The head as this client must get it. gRPC clients get trailers-only: status 200, no body, {@code grpc-status} and
     * {@code grpc-message}. The caller adds {@code server}, {@code date} and the rule's response headers.
     */
    public ResponseHead head(boolean grpc) {
        Headers h = new Headers(12);
        if (grpc) {
            h.add(HeaderName.CONTENT_TYPE, GRPC);
            int code = grpcStatus >= 0 ? grpcStatus : grpcStatus(status);
            h.add(HeaderName.GRPC_STATUS, AsciiString.of(Integer.toString(code)));
            if (!body.isEmpty()) {
                h.add(HeaderName.GRPC_MESSAGE, percentEncoded(body));
            }
        } else if (body.isEmpty()) {
            if (status != 204) {
                h.add(HeaderName.CONTENT_LENGTH, ZERO);
            }
        } else {
            h.add(HeaderName.CONTENT_LENGTH, AsciiString.of(Integer.toString(body.length())));
            h.add(HeaderName.CONTENT_TYPE, TEXT);
        }
        for (int i = 0; i < headers.size(); i++) {
            Header x = headers.get(i);
            h.set(x.name(), x.value());
        }
        return new ResponseHead(grpc ? 200 : status, h);
    }

    /** Whether the answer has a body: not for gRPC and not for HEAD. */
    public boolean hasBody(boolean grpc, RequestHead request) {
        return !grpc && !body.isEmpty() && !request.method().contentEquals("HEAD");
    }

    private static final Map<Integer, Integer> GRPC_OF_HTTP =
            Map.of(400, 13, 401, 16, 403, 7, 404, 12, 429, 14, 502, 14, 503, 14, 504, 14);

    /** The gRPC status of an HTTP status; 2 (unknown) when there is none, even for 200. */
    public static int grpcStatus(int httpStatus) {
        return GRPC_OF_HTTP.getOrDefault(httpStatus, 2);
    }

    /** gRPC's percent encoding: everything but printable ASCII, and the percent sign itself. */
    static AsciiString percentEncoded(AsciiString text) {
        byte[] b = text.array();
        int from = text.arrayOffset();
        int end = from + text.length();
        int extra = 0;
        for (int i = from; i < end; i++) {
            if (b[i] < ' ' || b[i] > '~' || b[i] == '%') {
                extra += 2;
            }
        }
        if (extra == 0) {
            return text;
        }
        byte[] out = new byte[text.length() + extra];
        int n = 0;
        for (int i = from; i < end; i++) {
            if (b[i] < ' ' || b[i] > '~' || b[i] == '%') {
                out[n++] = '%';
                out[n++] = HEX[(b[i] & 0xFF) >> 4];
                out[n++] = HEX[b[i] & 15];
            } else {
                out[n++] = b[i];
            }
        }
        return new AsciiString(out, false);
    }
}
