package io.milepost.waypoint.exchange;

import io.milepost.http.HeaderName;
import io.milepost.http.Headers;
import io.milepost.http.RequestHead;
import io.milepost.http.ResponseHead;
import io.milepost.mesh.IpAddress;
import io.netty.util.AsciiString;
import org.jspecify.annotations.Nullable;

/**
 * What policies and logs see of an exchange, beside what all traffic has; filled by {@link Exchange} as it goes. One event
 * loop.
 */
abstract class ExchangeFacts extends TrafficFacts {
    final RequestHead request;
    /** When the last byte of the request came, and when a stream to the endpoint was opened and answered; 0 if not. */
    long requestReceivedNanos;

    long streamOpenedNanos;
    long answeredNanos;

    @Nullable
    CharSequence details;

    @Nullable
    ResponseHead response;

    @Nullable
    Headers responseTrailers;

    @Nullable
    String routeName;

    String routeConfig = "";

    /** Of the stream that was opened last. */
    RequestHead.@Nullable Protocol upstreamProtocol;

    private @Nullable IpAddress remoteIp;
    private @Nullable AsciiString remoteText;

    ExchangeFacts(ClientConnection client, WorkerContext worker, RequestHead request) {
        super(client, worker);
        this.request = request;
    }

    /** Must be called once the request's x-forwarded-for is final. */
    final void readRemote() {
        Headers h = request.headers();
        int last = -1;
        for (int i = h.indexOf(HeaderName.X_FORWARDED_FOR, 0);
                i >= 0;
                i = h.indexOf(HeaderName.X_FORWARDED_FOR, i + 1)) {
            last = i;
        }
        if (last < 0) {
            return;
        }
        AsciiString v = h.value(last);
        int comma = v.lastIndexOf(",");
        IpAddress ip =
                IpAddress.parse(v.subSequence(comma + 1).trim().toString()).orElse(null);
        if (ip != null) {
            remoteIp = ip;
            // Recorded: an address from x-forwarded-for is printed with port 0.
            remoteText = new AsciiString(ClientConnection.text(ip, 0));
        }
    }

    @Override
    public final @Nullable CharSequence downstreamTlsVersion() {
        return "TLSv1.3";
    }

    @Override
    public final IpAddress remoteIp() {
        IpAddress r = remoteIp;
        return r == null ? client.remote() : r;
    }

    @Override
    public final RequestHead request() {
        return request;
    }

    @Override
    public final @Nullable String requestedServerName() {
        return null;
    }

    @Override
    public final boolean tcp() {
        return false;
    }

    @Override
    public final long sinceStartNanos(Moment moment) {
        long at = switch (moment) {
            case REQUEST_RECEIVED -> requestReceivedNanos;
            case UPSTREAM_FIRST_SENT -> streamOpenedNanos;
            case UPSTREAM_LAST_SENT ->
                streamOpenedNanos == 0 || requestReceivedNanos == 0
                        ? 0
                        : Math.max(streamOpenedNanos, requestReceivedNanos);
            case UPSTREAM_FIRST_RECEIVED, RESPONSE_FIRST_SENT -> answeredNanos;
            case UPSTREAM_LAST_RECEIVED, RESPONSE_SENT -> answeredNanos == 0 ? 0 : endNanos;
        };
        return at == 0 ? -1 : at - startNanos;
    }

    @Override
    public final @Nullable ResponseHead response() {
        return response;
    }

    @Override
    public final @Nullable Headers responseTrailers() {
        return responseTrailers;
    }

    @Override
    public final @Nullable CharSequence responseCodeDetails() {
        return details;
    }

    @Override
    public final @Nullable CharSequence routeName() {
        return routeName;
    }

    @Override
    public final String routeConfig() {
        return routeConfig;
    }

    /** Nothing where no connection came about. */
    @Override
    public final @Nullable CharSequence upstreamRemoteAddress() {
        return upstreamLocal == null ? null : upstreamHost();
    }

    @Override
    public final RequestHead.@Nullable Protocol upstreamProtocol() {
        return upstreamProtocol;
    }

    @Override
    public final CharSequence downstreamRemoteAddress() {
        AsciiString r = remoteText;
        return r == null ? client.remoteText() : r;
    }
}
