package io.milepost.config.xds;

import com.google.protobuf.Any;
import io.envoyproxy.envoy.extensions.filters.http.cors.v3.CorsPolicy;
import io.envoyproxy.envoy.extensions.filters.http.fault.v3.FaultAbort;
import io.envoyproxy.envoy.extensions.filters.http.fault.v3.HTTPFault;
import io.envoyproxy.envoy.type.matcher.v3.StringMatcher;
import io.milepost.mesh.RouteRule;
import io.milepost.mesh.ValueMatch;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/** What a route says to the fault and CORS filters. */
final class FaultAndCorsReader {
    private FaultAndCorsReader() {}

    static Optional<RouteRule.Fault> fault(Any config, List<String> unknown) {
        Optional<HTTPFault> read = XdsTypes.unpack(config, HTTPFault.class);
        if (read.isEmpty()) {
            unknown.add("fault");
            return Optional.empty();
        }
        HTTPFault f = read.get();
        if (f.getHeadersCount() > 0
                || f.hasResponseRateLimit()
                || f.hasMaxActiveFaults()
                || f.getDelay().hasHeaderDelay()
                || f.getAbort().hasHeaderAbort()) {
            unknown.add("fault by header, rate limit or count");
        }
        Optional<RouteRule.Fault.Delay> delay = f.hasDelay()
                ? Optional.of(new RouteRule.Fault.Delay(
                        Values.millis(f.getDelay().getFixedDelay()),
                        Values.perMillion(f.getDelay().getPercentage())))
                : Optional.empty();
        Optional<RouteRule.Fault.Abort> abort = f.hasAbort() ? Optional.of(abort(f.getAbort())) : Optional.empty();
        return delay.isEmpty() && abort.isEmpty() ? Optional.empty() : Optional.of(new RouteRule.Fault(delay, abort));
    }

    private static RouteRule.Fault.Abort abort(FaultAbort a) {
        int perMillion = Values.perMillion(a.getPercentage());
        return a.getErrorTypeCase() == FaultAbort.ErrorTypeCase.GRPC_STATUS
                ? new RouteRule.Fault.Abort(0, a.getGrpcStatus(), perMillion)
                : new RouteRule.Fault.Abort(a.getHttpStatus(), -1, perMillion);
    }

    static Optional<RouteRule.Cors> cors(Any config, List<String> unknown) {
        Optional<CorsPolicy> read = XdsTypes.unpack(config, CorsPolicy.class);
        if (read.isEmpty()) {
            unknown.add("cors");
            return Optional.empty();
        }
        CorsPolicy c = read.get();
        if (c.hasFilterEnabled() && Values.perMillion(c.getFilterEnabled().getDefaultValue()) == 0) {
            return Optional.empty();
        }
        List<ValueMatch> origins = new ArrayList<>();
        for (StringMatcher m : c.getAllowOriginStringMatchList()) {
            Values.value(m).ifPresentOrElse(origins::add, () -> unknown.add("cors.allow_origin_string_match"));
        }
        return Optional.of(new RouteRule.Cors(
                origins,
                list(c.getAllowMethods()),
                list(c.getAllowHeaders()),
                list(c.getExposeHeaders()),
                c.getMaxAge(),
                c.hasAllowCredentials() ? Optional.of(c.getAllowCredentials().getValue()) : Optional.empty(),
                !c.hasForwardNotMatchingPreflights()
                        || c.getForwardNotMatchingPreflights().getValue()));
    }

    /** istiod joins with commas. */
    private static List<String> list(String joined) {
        return joined.isEmpty() ? List.of() : List.of(joined.split(",", -1));
    }
}
