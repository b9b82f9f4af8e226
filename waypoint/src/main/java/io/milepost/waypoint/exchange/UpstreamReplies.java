package io.milepost.waypoint.exchange;

import io.milepost.filters.LocalReply;
import io.milepost.http.HeaderName;
import io.milepost.http.ResponseHead;
import io.milepost.mesh.Cluster;
import io.milepost.mesh.Cluster.Discovery;
import io.milepost.waypoint.upstream.Pick;
import io.milepost.waypoint.upstream.Skip;
import io.netty.util.AsciiString;

/** What balancers and endpoints say, in the words of replies and of outlier detection. Pure. */
final class UpstreamReplies {
    private static final LocalReply DNS_FAILED =
            LocalReply.of(503, "DNS resolution failure", "dns_resolution_failure", "DF");
    private static final LocalReply DNS_OVERFLOW = LocalReply.of(503, "DNS cache overflow", "dns_cache_overflow", "UO");

    private static final LocalReply PAYLOAD_TOO_LARGE =
            LocalReply.of(413, "Payload Too Large", "request_payload_too_large", "");
    /** Envoy's, for a body that outgrew what is kept of it between two attempts. */
    private static final LocalReply RETRY_BUFFER_EXCEEDED = LocalReply.of(
            507,
            "exceeded request buffer limit while retrying upstream",
            "request_payload_exceeded_retry_buffer_limit",
            "");
    /** All bodies together are too much (the words of Envoy's overload manager). */
    static final LocalReply NO_ROOM_FOR_BODY = LocalReply.of(503, "envoy overloaded", "overload", "OM");

    private UpstreamReplies() {}

    /** @param onItsWay whether an attempt was begun */
    static LocalReply bodyTooLarge(boolean onItsWay) {
        return onItsWay ? RETRY_BUFFER_EXCEEDED : PAYLOAD_TOO_LARGE;
    }

    /** The answer when no endpoint could be chosen. */
    static LocalReply noHost(Cluster c, Pick pick) {
        if (c.discovery() != Discovery.DYNAMIC_DNS) {
            return LocalReply.NO_HEALTHY_UPSTREAM;
        }
        return pick.none() == Skip.CACHE_FULL ? DNS_OVERFLOW : DNS_FAILED;
    }

    /** The status that outlier detection counts: of gRPC answers without messages the one that says the same in HTTP. */
    static int statusForOutliers(ResponseHead head, boolean grpc) {
        AsciiString s = grpc ? head.headers().get(HeaderName.GRPC_STATUS) : null;
        if (s == null || s.isEmpty() || s.length() > 2) {
            return head.status();
        }
        int n = 0;
        for (int i = 0; i < s.length(); i++) {
            n = 10 * n + s.byteAt(i) - '0';
        }
        return switch (n) {
            case 0 -> 200;
            case 1 -> 499;
            case 3, 9, 11 -> 400;
            case 4 -> 504;
            case 5 -> 404;
            case 6, 10 -> 409;
            case 7 -> 403;
            case 8 -> 429;
            case 12 -> 501;
            case 14 -> 503;
            case 16 -> 401;
            default -> 500;
        };
    }
}
