package io.milepost.mesh;

import java.util.List;
import java.util.Optional;

/**
 * One rule: what it matches, what is done, and what goes with it.
 *
 * @param name what {@code %ROUTE_NAME%} prints, for example {@code default.reviews.0}
 * @param operation Envoy's decorator operation ({@code x-envoy-decorator-operation} on responses); empty for none
 * @param config path of the VirtualService that istiod names in the route's metadata, be it one it made of a Gateway API
 *     route; empty for routes that nobody wrote
 */
public record RouteRule(
        String name,
        RouteMatch match,
        RouteAction action,
        HeaderMutations requestHeaders,
        HeaderMutations responseHeaders,
        Optional<Fault> fault,
        Optional<Cors> cors,
        String operation,
        String config,
        SourceRef source) {

    /** {@link #config} of a VirtualService. */
    public static String config(String namespace, String name) {
        return "/apis/networking.istio.io/v1/namespaces/" + namespace + "/virtual-service/" + name;
    }

    /** A rule without headers, fault or CORS. */
    public static RouteRule of(String name, RouteMatch match, RouteAction action, String operation, SourceRef source) {
        return new RouteRule(
                name,
                match,
                action,
                HeaderMutations.NONE,
                HeaderMutations.NONE,
                Optional.empty(),
                Optional.empty(),
                operation,
                "",
                source);
    }

    /** Delay first, then abort; percentages are millionths (Envoy's runtime fraction). */
    public record Fault(Optional<Delay> delay, Optional<Abort> abort) {
        public record Delay(long millis, int perMillion) {}

        /**
         * @param httpStatus 0 when {@code grpcStatus} is given
         * @param grpcStatus -1 when {@code httpStatus} is given
         */
        public record Abort(int httpStatus, int grpcStatus, int perMillion) {}
    }

    /**
     * @param maxAge text of access-control-max-age; empty for none
     * @param forwardUnmatchedPreflights Istio's FORWARD (default for VirtualService) or IGNORE (Gateway API)
     */
    public record Cors(
            List<ValueMatch> allowOrigins,
            List<String> allowMethods,
            List<String> allowHeaders,
            List<String> exposeHeaders,
            String maxAge,
            Optional<Boolean> allowCredentials,
            boolean forwardUnmatchedPreflights) {
        public Cors {
            allowOrigins = List.copyOf(allowOrigins);
            allowMethods = List.copyOf(allowMethods);
            allowHeaders = List.copyOf(allowHeaders);
            exposeHeaders = List.copyOf(exposeHeaders);
        }
    }
}
