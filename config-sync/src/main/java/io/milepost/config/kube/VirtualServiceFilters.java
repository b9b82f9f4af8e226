package io.milepost.config.kube;

import io.milepost.mesh.RouteRule.Cors;
import io.milepost.mesh.RouteRule.Fault;
import io.milepost.mesh.ValueMatch;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;

/** Faults and CORS policies of a VirtualService. */
final class VirtualServiceFilters {
    private static final List<String> GRPC = List.of(
            "OK",
            "CANCELLED",
            "UNKNOWN",
            "INVALID_ARGUMENT",
            "DEADLINE_EXCEEDED",
            "NOT_FOUND",
            "ALREADY_EXISTS",
            "PERMISSION_DENIED",
            "RESOURCE_EXHAUSTED",
            "FAILED_PRECONDITION",
            "ABORTED",
            "OUT_OF_RANGE",
            "UNIMPLEMENTED",
            "INTERNAL",
            "UNAVAILABLE",
            "DATA_LOSS",
            "UNAUTHENTICATED");

    private VirtualServiceFilters() {}

    static int millionths(Fields percent) {
        double value = percent.decimal("value", 0);
        if (value < 0 || value > 100) {
            percent.error("value", value + " is no percentage: use 0 to 100");
            value = Math.clamp(value, 0, 100);
        }
        return (int) (value * 10_000);
    }

    static Fault fault(Fields f) {
        Optional<Fault.Delay> delay = f.maybe("delay")
                .filter(d -> d.has("fixedDelay"))
                .map(d -> new Fault.Delay(d.millis("fixedDelay", 0), share(d)));
        Optional<Fault.Abort> abort = f.maybe("abort")
                .filter(VirtualServiceFilters::aborts)
                .map(a -> {
                    String grpc = a.text("grpcStatus", "").toUpperCase(Locale.ROOT);
                    int code = GRPC.indexOf(grpc);
                    if (!grpc.isEmpty() && code < 0) {
                        a.error("grpcStatus", "'" + grpc + "' is unknown: use a name such as UNAVAILABLE");
                    }
                    int percent = a.has("percentage") ? millionths(a.at("percentage")) : 0;
                    return grpc.isEmpty()
                            ? new Fault.Abort(a.integer("httpStatus", 0), -1, percent)
                            : new Fault.Abort(0, Math.max(code, 0), percent);
                });
        return new Fault(delay, abort);
    }

    private static boolean aborts(Fields a) {
        return a.has("httpStatus") || a.has("grpcStatus");
    }

    private static int share(Fields f) {
        return f.has("percentage") ? millionths(f.at("percentage")) : f.integer("percent", 0) * 10_000;
    }

    static Cors cors(Fields f) {
        List<ValueMatch> origins = new ArrayList<>();
        for (Fields o : f.list("allowOrigins")) {
            if (o.has("exact") || o.has("prefix") || o.has("regex")) {
                origins.add(VirtualServiceMatches.value(o));
            }
        }
        List<String> older = f.texts("allowOrigin");
        if (origins.isEmpty()) {
            older.forEach(o -> origins.add(ValueMatch.exact(o)));
        } else if (!older.isEmpty()) {
            f.warn("allowOrigin", "has no effect beside allowOrigins: move its values there");
        }
        String maxAge = f.has("maxAge") ? Long.toString(f.millis("maxAge", 0) / 1000) : "";
        return new Cors(
                origins,
                f.texts("allowMethods"),
                f.texts("allowHeaders"),
                f.texts("exposeHeaders"),
                maxAge,
                f.has("allowCredentials") ? Optional.of(f.bool("allowCredentials", false)) : Optional.empty(),
                !f.text("unmatchedPreflights", "FORWARD").equals("IGNORE"));
    }
}
