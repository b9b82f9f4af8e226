package io.milepost.waypoint.codec;

import io.milepost.http.Headers;
import io.netty.buffer.ByteBuf;

/** What a downstream codec tells the exchange of a request. One event loop. */
public interface ExchangeHandler {
    /** Ownership of {@code data} passes. */
    void onRequestData(ByteBuf data, boolean end);

    void onRequestTrailers(Headers trailers);

    /** The client is gone or reset the stream. */
    void onDownstreamReset(String details);

    /** The rest of the request cannot be understood; the codec answered with the status and so many bytes of a body. */
    void onRequestError(BadMessageException e, long bytes);

    void onDownstreamWritable();
}
