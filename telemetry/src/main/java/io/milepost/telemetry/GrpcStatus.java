package io.milepost.telemetry;

import io.milepost.http.HeaderName;
import io.milepost.http.Headers;
import io.milepost.http.RequestHead;
import io.milepost.http.ResponseHead;
import io.netty.util.AsciiString;
import java.util.Locale;
import org.jspecify.annotations.Nullable;

/** The gRPC status of an exchange: trailers, then headers, then what the HTTP status amounts to. */
public final class GrpcStatus {
    private static final String[] NAMES = {
        "OK",
        "Canceled",
        "Unknown",
        "InvalidArgument",
        "DeadlineExceeded",
        "NotFound",
        "AlreadyExists",
        "PermissionDenied",
        "ResourceExhausted",
        "FailedPrecondition",
        "Aborted",
        "OutOfRange",
        "Unimplemented",
        "Internal",
        "Unavailable",
        "DataLoss",
        "Unauthenticated"
    };
    private static final AsciiString GRPC = AsciiString.cached("application/grpc");

    private GrpcStatus() {}

    /** Whether the request's content type is application/grpc, with or without +proto and the like. */
    public static boolean isGrpc(@Nullable RequestHead request) {
        AsciiString type = request == null ? null : request.headers().get(HeaderName.CONTENT_TYPE);
        return type != null
                && type.length() >= GRPC.length()
                && type.regionMatches(false, 0, GRPC, 0, GRPC.length())
                && (type.length() == GRPC.length()
                        || type.charAt(GRPC.length()) == '+'
                        || type.charAt(GRPC.length()) == ';');
    }

    /** The status number, or -1 for what is no gRPC or has none. */
    public static int of(LogContext c) {
        return isGrpc(c.request()) ? ofAny(c) : -1;
    }

    /** As {@link #of}, also for what is no gRPC: {@code response.grpc_status} of expressions (asked of Envoy 1.40.0). */
    static int ofAny(LogContext c) {
        int status = number(c.responseTrailers());
        ResponseHead r = c.response();
        if (status < 0 && r != null) {
            status = number(r.headers());
        }
        return status >= 0 || c.responseCode() == 0 ? status : ofHttp(c.responseCode());
    }

    private static int number(@Nullable Headers h) {
        AsciiString v = h == null ? null : h.get(HeaderName.GRPC_STATUS);
        if (v == null || v.isEmpty() || v.length() > 9) {
            return -1;
        }
        int n = 0;
        for (int i = 0; i < v.length(); i++) {
            int d = v.charAt(i) - '0';
            if (d < 0 || d > 9) {
                return -1;
            }
            n = n * 10 + d;
        }
        return n;
    }

    /** As gRPC maps HTTP statuses of answers without grpc-status. */
    private static int ofHttp(int code) {
        return switch (code) {
            case 400 -> 13;
            case 401 -> 16;
            case 403 -> 7;
            case 404 -> 12;
            case 429, 502, 503, 504 -> 14;
            default -> 2;
        };
    }

    static Operator operator(String form) {
        return switch (form) {
            case "NUMBER" ->
                (c, out, mode) -> {
                    int s = of(c);
                    if (s < 0) {
                        return false;
                    }
                    Out.number(out, s);
                    return true;
                };
            case "CAMEL_STRING", "SNAKE_STRING" -> {
                boolean snake = form.equals("SNAKE_STRING");
                yield (c, out, mode) -> {
                    int s = of(c);
                    if (s < 0) {
                        return false;
                    }
                    Out.quoted(out, s < NAMES.length ? snake ? snake(NAMES[s]) : NAMES[s] : Integer.toString(s), mode);
                    return true;
                };
            }
            default ->
                throw Operators.problem(
                        "GRPC_STATUS", "has the form \"" + form + "\"; use CAMEL_STRING, SNAKE_STRING or NUMBER");
        };
    }

    private static String snake(String camel) {
        return camel.equals("OK")
                ? camel
                : camel.replaceAll("(?<=[a-z])(?=[A-Z])", "_").toUpperCase(Locale.ROOT);
    }
}
