package io.milepost.waypoint.codec;

import io.netty.util.AsciiString;
import java.util.Set;

/** The methods of HTTP/1.1 requests. */
final class Http1Methods {
    private static final AsciiString GET = AsciiString.cached("GET");
    private static final AsciiString POST = AsciiString.cached("POST");

    /** The methods that Envoy's parser knows; others are answered with 400. */
    private static final Set<String> KNOWN = Set.of(
            "GET",
            "QUERY",
            "HEAD",
            "POST",
            "PUT",
            "DELETE",
            "CONNECT",
            "OPTIONS",
            "TRACE",
            "PATCH",
            "COPY",
            "LOCK",
            "MKCOL",
            "MOVE",
            "PROPFIND",
            "PROPPATCH",
            "SEARCH",
            "UNLOCK",
            "BIND",
            "REBIND",
            "UNBIND",
            "ACL",
            "REPORT",
            "MKACTIVITY",
            "CHECKOUT",
            "MERGE",
            "M-SEARCH",
            "NOTIFY",
            "SUBSCRIBE",
            "UNSUBSCRIBE",
            "PURGE",
            "MKCALENDAR",
            "LINK",
            "UNLINK",
            "SOURCE");

    static final int LONGEST = 16;

    private Http1Methods() {}

    /** The method that ends there; its bytes stay where they are. */
    static AsciiString of(byte[] b, int end) throws BadMessageException {
        if (end == 3 && b[0] == 'G' && b[1] == 'E' && b[2] == 'T') {
            return GET;
        }
        if (end == 4 && b[0] == 'P' && b[1] == 'O' && b[2] == 'S' && b[3] == 'T') {
            return POST;
        }
        AsciiString m = new AsciiString(b, 0, end, false);
        if (end > LONGEST || !KNOWN.contains(m.toString())) {
            throw BadMessageException.codecError();
        }
        return m;
    }

    static boolean isKnown(String method) {
        return KNOWN.contains(method);
    }
}
