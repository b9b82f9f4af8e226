package io.milepost.http;

import io.netty.util.AsciiString;

/**
 * The head of a request: pseudo-headers as fields, everything else (without {@code host}) in {@link #headers()}.
 * Mutable, confined to the event loop of its exchange.
 */
public final class RequestHead {
    /** What the message came in. */
    public enum Protocol {
        HTTP_1_1("HTTP/1.1"),
        HTTP_1_0("HTTP/1.0"),
        HTTP_2("HTTP/2");

        private final String text;

        Protocol(String text) {
            this.text = text;
        }

        @Override
        public String toString() {
            return text;
        }
    }

    private final Protocol protocol;
    private final AsciiString method;
    private AsciiString authority;
    private AsciiString path;
    private AsciiString scheme;
    private final Headers headers;

    public RequestHead(
            Protocol protocol,
            AsciiString method,
            AsciiString authority,
            AsciiString path,
            AsciiString scheme,
            Headers headers) {
        this.protocol = protocol;
        this.method = method;
        this.authority = authority;
        this.path = path;
        this.scheme = scheme;
        this.headers = headers;
    }

    public Protocol protocol() {
        return protocol;
    }

    public AsciiString method() {
        return method;
    }

    /** {@code host} or {@code :authority} as sent, with letter case and port. */
    public AsciiString authority() {
        return authority;
    }

    public void authority(AsciiString value) {
        authority = value;
    }

    /** Path with query. */
    public AsciiString path() {
        return path;
    }

    public void path(AsciiString value) {
        path = value;
    }

    /** {@code http} or {@code https}, from x-forwarded-proto. */
    public AsciiString scheme() {
        return scheme;
    }

    public void scheme(AsciiString value) {
        scheme = value;
    }

    public Headers headers() {
        return headers;
    }

    /** Length of the path without query (and without fragment). */
    public int pathLength() {
        byte[] b = path.array();
        int o = path.arrayOffset();
        for (int i = 0; i < path.length(); i++) {
            if (b[o + i] == '?' || b[o + i] == '#') {
                return i;
            }
        }
        return path.length();
    }

    /** A deep enough copy: changing it does not change this one. */
    public RequestHead copy() {
        return new RequestHead(protocol, method, authority, path, scheme, headers.copy());
    }
}
