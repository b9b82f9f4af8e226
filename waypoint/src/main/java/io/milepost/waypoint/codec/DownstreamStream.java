package io.milepost.waypoint.codec;

import io.milepost.http.Headers;
import io.milepost.http.ResponseHead;
import io.netty.buffer.ByteBuf;

/** The client's side of one exchange: takes the response, controls the flow of the request. One event loop. */
public interface DownstreamStream {
    void informational(ResponseHead head);

    void head(ResponseHead head, boolean end);

    /** Takes ownership of {@code data}. */
    void data(ByteBuf data, boolean end);

    /** Ends the response; HTTP/1.1 drops the trailers, as Envoy does. */
    void trailers(Headers trailers);

    /** The response cannot be finished. */
    void reset();

    boolean writable();

    /** Stops or resumes the delivery of the request's body. */
    void readRequest(boolean on);

    /** The connection must not be used after this response. */
    void closeAfterResponse();
}
