package io.milepost.mesh;

/**
 * How HTTP itself is treated.
 *
 * @param normalization meshConfig.pathNormalization
 * @param serverName what {@code server} says in responses
 * @param grpcWeb the port was declared grpc-web
 * @param headers which headers of our own are written
 */
public record HttpSettings(PathNormalization normalization, String serverName, boolean grpcWeb, OwnHeaders headers) {
    public HttpSettings(PathNormalization normalization, String serverName, boolean grpcWeb) {
        this(normalization, serverName, grpcWeb, OwnHeaders.DEFAULT);
    }

    /** Istio's levels; DEFAULT is BASE. */
    public enum PathNormalization {
        NONE,
        BASE,
        MERGE_SLASHES,
        DECODE_AND_MERGE_SLASHES
    }

    public static final HttpSettings ISTIO_DEFAULT = new HttpSettings(PathNormalization.BASE, "istio-envoy", false);
}
