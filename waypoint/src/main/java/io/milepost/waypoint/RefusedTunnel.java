package io.milepost.waypoint;

import io.milepost.http.HeaderName;
import io.milepost.http.Headers;
import io.milepost.http.RequestHead;
import io.milepost.telemetry.ResponseFlags;
import io.milepost.waypoint.exchange.ClientConnection;
import io.milepost.waypoint.exchange.NotServed;
import io.milepost.waypoint.exchange.RequestEdge;
import io.netty.util.AsciiString;
import org.jspecify.annotations.Nullable;

/**
 * The log's view of a request of the outer connection that opened no tunnel. For a CONNECT to nowhere Envoy writes two
 * lines: one of its inner listener, one of the CONNECT.
 */
final class RefusedTunnel extends NotServed {
    private static final AsciiString GET = AsciiString.cached("GET");
    private static final AsciiString CONNECT = AsciiString.cached("CONNECT");

    private final @Nullable RequestHead head;
    private final int status;
    private final int flags;
    private final String details;

    private RefusedTunnel(ClientConnection client, @Nullable RequestHead head, int status, int flags, String details) {
        super(client);
        this.head = head;
        this.status = status;
        this.flags = flags;
        this.details = details;
    }

    /** The line of the listener that found no chain. */
    static RefusedTunnel listener(ClientConnection client) {
        return new RefusedTunnel(client, null, 0, ResponseFlags.NO_ROUTE_FOUND, "filter_chain_not_found");
    }

    /** The line of a CONNECT to an address or port that is not served here. */
    static RefusedTunnel connect(ClientConnection client, String authority) {
        return new RefusedTunnel(
                client,
                head(CONNECT, authority, ""),
                503,
                ResponseFlags.UPSTREAM_CONNECTION_FAILURE,
                "destination_not_served");
    }

    /** The line of a request that is no plain CONNECT. */
    static RefusedTunnel request(
            ClientConnection client,
            CharSequence method,
            @Nullable CharSequence authority,
            @Nullable CharSequence path,
            int status) {
        // Envoy's HTTP/2 codec shows an extended CONNECT as the GET of an upgrade (recorded: http-outer).
        RequestHead head = head(
                path != null && CONNECT.contentEquals(method) ? GET : method,
                authority == null ? "" : authority,
                path == null ? "" : path);
        head.headers().add(HeaderName.X_REQUEST_ID, RequestEdge.uuid());
        return new RefusedTunnel(client, head, status, ResponseFlags.NO_ROUTE_FOUND, "route_not_found");
    }

    private static RequestHead head(CharSequence method, CharSequence authority, CharSequence path) {
        return new RequestHead(
                RequestHead.Protocol.HTTP_2,
                AsciiString.of(method),
                AsciiString.of(authority),
                AsciiString.of(path),
                AsciiString.EMPTY_STRING,
                new Headers(1));
    }

    @Override
    public boolean tcp() {
        return head == null;
    }

    @Override
    public @Nullable RequestHead request() {
        return head;
    }

    @Override
    public int responseCode() {
        return status;
    }

    @Override
    public int responseFlags() {
        return flags;
    }

    @Override
    public CharSequence responseCodeDetails() {
        return details;
    }
}
