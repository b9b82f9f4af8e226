package io.milepost.mesh;

/**
 * How HTTP itself is treated.
 *
 * @param normalization meshConfig.pathNormalization
 * @param serverName what {@code server} says in responses
 * @param grpcWeb the port was declared grpc-web
 */
public record HttpSettings(PathNormalization normalization, String serverName, boolean grpcWeb) {
    /** Istio's levels; DEFAULT is BASE. */
    public enum PathNormalization {
        NONE,
        BASE,
        MERGE_SLASHES,
        DECODE_AND_MERGE_SLASHES
    }

    public static final HttpSettings ISTIO_DEFAULT = new HttpSettings(PathNormalization.BASE, "istio-envoy", false);
}
