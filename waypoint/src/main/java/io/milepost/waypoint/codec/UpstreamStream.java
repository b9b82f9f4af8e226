package io.milepost.waypoint.codec;

import io.milepost.filters.RetryDecider.Reset;
import io.milepost.http.Headers;
import io.milepost.http.RequestHead;
import io.milepost.http.ResponseHead;
import io.netty.buffer.ByteBuf;
import java.net.SocketAddress;

/** The endpoint's side of one attempt: takes the request, controls the flow of the response. One event loop. */
public interface UpstreamStream {
    void head(RequestHead head, boolean end);

    /** Takes ownership of {@code data}. */
    void data(ByteBuf data, boolean end);

    void trailers(Headers trailers);

    /** The exchange is over; nothing more is delivered to the listener. */
    void cancel();

    boolean writable();

    /** Stops or resumes the delivery of the response's body. */
    void readResponse(boolean on);

    /** Address of our end, for logs. */
    SocketAddress localAddress();

    /** Of the connection, for logs; see {@link ConnectionNumber}. */
    long connectionNumber();

    /** What an attempt tells its exchange. After {@link #onReset} or an end nothing more comes. */
    interface Listener {
        void onInformational(ResponseHead head);

        void onHead(ResponseHead head, boolean end);

        /** Ownership of {@code data} passes to the listener. */
        void onData(ByteBuf data, boolean end);

        void onTrailers(Headers trailers);

        void onReset(Reset reason, String detail);

        /** {@link UpstreamStream#writable()} became true again. */
        void onWritable();
    }
}
