package io.milepost.waypoint.codec;

import io.netty.handler.codec.http.HttpResponseStatus;
import io.netty.util.AsciiString;

/** First lines of HTTP/1.1 responses, made once. */
final class StatusLines {
    private static final int FIRST = 100;
    private static final AsciiString[] LINES = new AsciiString[900];

    static {
        for (int s = FIRST; s < FIRST + LINES.length; s++) {
            HttpResponseStatus status = HttpResponseStatus.valueOf(s);
            LINES[s - FIRST] = new AsciiString("HTTP/1.1 " + s + ' ' + status.reasonPhrase());
        }
    }

    private StatusLines() {}

    static AsciiString of(int status) {
        int i = status - FIRST;
        return i >= 0 && i < LINES.length ? LINES[i] : new AsciiString("HTTP/1.1 " + status + ' ');
    }
}
