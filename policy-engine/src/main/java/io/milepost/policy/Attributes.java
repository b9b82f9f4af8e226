package io.milepost.policy;

import io.milepost.http.RequestHead;
import io.milepost.mesh.IpAddress;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * The closed set of facts that authorization sees of a request or a connection. Nothing else decides.
 *
 * <p>The caller implements it once per exchange (usually the exchange itself), so that evaluation allocates nothing.
 */
public interface Attributes {
    /** The SPIFFE URI of the tunnel's peer ({@code spiffe://cluster.local/ns/default/sa/client}); null without identity. */
    @Nullable
    String peerPrincipal();

    /** Address of the client's tunnel connection. */
    IpAddress sourceIp();

    /** Last entry of {@code x-forwarded-for} when it is a plain address, otherwise {@link #sourceIp()}. */
    IpAddress remoteIp();

    /** What the CONNECT named; null when it named no address. */
    @Nullable
    IpAddress destinationIp();

    /** The port that the CONNECT named. */
    int destinationPort();

    /** The request with its normalised path; null for opaque TCP. */
    @Nullable
    RequestHead request();

    /** SNI of the bytes inside the tunnel; null when there is none. */
    @Nullable
    String requestedServerName();

    /** Payload of the verified token; null without one. */
    @Nullable
    Claims claims();

    /** Text values of a verified token's payload. */
    interface Claims {
        /**
         * The string at this path, or the strings of the list there. Numbers, booleans and objects give nothing
         * (recorded: {@code claims[...]} never matches them); {@code scope} gives its words.
         */
        List<String> values(List<String> path);
    }
}
