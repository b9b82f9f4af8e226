package io.milepost.mesh;

/**
 * Which headers a waypoint writes of its own accord: {@code proxyHeaders} of the mesh's default ProxyConfig.
 *
 * @param server whether {@code server} of answers names us; otherwise what the backend wrote passes
 * @param requestId whether a request without {@code x-request-id} gets one
 * @param debug {@code x-envoy-upstream-service-time}, {@code x-envoy-expected-rq-timeout-ms},
 *     {@code x-envoy-original-path} and {@code x-envoy-original-host}
 * @param forwardedHost whether {@code x-forwarded-host} holds the host that a rule replaced
 */
public record OwnHeaders(boolean server, boolean requestId, boolean debug, boolean forwardedHost) {
    public static final OwnHeaders DEFAULT = new OwnHeaders(true, true, true, false);
}
