package io.milepost.http;

import io.netty.util.AsciiString;
import java.util.HashMap;
import java.util.Map;

/**
 * A header name in lower case. Well-known names are interned: there is exactly one instance of each, so that {@code ==}
 * decides first and comparison of bytes is the exception.
 */
public final class HeaderName {
    private static final int TABLE = 512;
    private static final HeaderName[] INTERNED = new HeaderName[TABLE];
    private static final Map<String, HeaderName> BY_TEXT = new HashMap<>();

    public static final HeaderName ACCEPT = known("accept");
    public static final HeaderName ACCEPT_ENCODING = known("accept-encoding");
    public static final HeaderName AUTHORIZATION = known("authorization");
    public static final HeaderName CONNECTION = known("connection");
    public static final HeaderName CONTENT_LENGTH = known("content-length");
    public static final HeaderName CONTENT_TYPE = known("content-type");
    public static final HeaderName COOKIE = known("cookie");
    public static final HeaderName DATE = known("date");
    public static final HeaderName EXPECT = known("expect");
    public static final HeaderName GRPC_MESSAGE = known("grpc-message");
    public static final HeaderName GRPC_STATUS = known("grpc-status");
    public static final HeaderName GRPC_TIMEOUT = known("grpc-timeout");
    public static final HeaderName HOST = known("host");
    public static final HeaderName HTTP2_SETTINGS = known("http2-settings");
    public static final HeaderName KEEP_ALIVE = known("keep-alive");
    public static final HeaderName LOCATION = known("location");
    public static final HeaderName ORIGIN = known("origin");
    public static final HeaderName PROXY_CONNECTION = known("proxy-connection");
    public static final HeaderName SERVER = known("server");
    public static final HeaderName SET_COOKIE = known("set-cookie");
    public static final HeaderName TE = known("te");
    public static final HeaderName TRAILER = known("trailer");
    public static final HeaderName TRANSFER_ENCODING = known("transfer-encoding");
    public static final HeaderName UPGRADE = known("upgrade");
    public static final HeaderName USER_AGENT = known("user-agent");
    public static final HeaderName VARY = known("vary");
    public static final HeaderName X_ENVOY_ATTEMPT_COUNT = known("x-envoy-attempt-count");
    public static final HeaderName X_ENVOY_DECORATOR_OPERATION = known("x-envoy-decorator-operation");
    public static final HeaderName X_ENVOY_EXPECTED_RQ_TIMEOUT_MS = known("x-envoy-expected-rq-timeout-ms");
    public static final HeaderName X_ENVOY_INTERNAL = known("x-envoy-internal");
    public static final HeaderName X_ENVOY_ORIGINAL_HOST = known("x-envoy-original-host");
    public static final HeaderName X_ENVOY_ORIGINAL_PATH = known("x-envoy-original-path");
    public static final HeaderName X_ENVOY_UPSTREAM_SERVICE_TIME = known("x-envoy-upstream-service-time");
    public static final HeaderName X_FORWARDED_CLIENT_CERT = known("x-forwarded-client-cert");
    public static final HeaderName X_FORWARDED_FOR = known("x-forwarded-for");
    public static final HeaderName X_FORWARDED_HOST = known("x-forwarded-host");
    public static final HeaderName X_FORWARDED_PROTO = known("x-forwarded-proto");
    public static final HeaderName X_REQUEST_ID = known("x-request-id");

    private final AsciiString text;
    private final int hash;

    private HeaderName(AsciiString text, int hash) {
        this.text = text;
        this.hash = hash;
    }

    private static HeaderName known(String text) {
        AsciiString a = AsciiString.cached(text);
        HeaderName n = new HeaderName(a, hash(a.array(), a.arrayOffset(), a.length()));
        int i = n.hash & (TABLE - 1);
        while (INTERNED[i] != null) {
            i = (i + 1) & (TABLE - 1);
        }
        INTERNED[i] = n;
        BY_TEXT.put(text, n);
        return n;
    }

    /** The name for a text of any letter case. */
    public static HeaderName of(CharSequence text) {
        String lower = AsciiString.of(text).toLowerCase().toString();
        HeaderName n = BY_TEXT.get(lower);
        if (n != null) {
            return n;
        }
        AsciiString a = new AsciiString(lower);
        return new HeaderName(a, hash(a.array(), a.arrayOffset(), a.length()));
    }

    /**
     * The name that stands in {@code bytes}, which are <b>lower-cased in place</b>. Allocates only for names that are
     * not well known; such a name then shares the array.
     */
    public static HeaderName ofLowered(byte[] bytes, int offset, int length) {
        int h = 0;
        for (int i = offset; i < offset + length; i++) {
            byte b = bytes[i];
            if (b >= 'A' && b <= 'Z') {
                b = (byte) (b + 32);
                bytes[i] = b;
            }
            h = 31 * h + b;
        }
        h ^= h >>> 15;
        for (int i = h & (TABLE - 1); ; i = (i + 1) & (TABLE - 1)) {
            HeaderName n = INTERNED[i];
            if (n == null) {
                return new HeaderName(new AsciiString(bytes, offset, length, false), h);
            }
            if (n.hash == h && n.text.length() == length && equal(n.text, bytes, offset)) {
                return n;
            }
        }
    }

    private static boolean equal(AsciiString a, byte[] b, int offset) {
        byte[] x = a.array();
        int o = a.arrayOffset();
        for (int i = 0; i < a.length(); i++) {
            if (x[o + i] != b[offset + i]) {
                return false;
            }
        }
        return true;
    }

    private static int hash(byte[] b, int offset, int length) {
        int h = 0;
        for (int i = offset; i < offset + length; i++) {
            h = 31 * h + b[i];
        }
        return h ^ (h >>> 15);
    }

    /** Lower-case text. */
    public AsciiString text() {
        return text;
    }

    @Override
    public boolean equals(Object o) {
        return this == o || o instanceof HeaderName n && n.hash == hash && n.text.contentEquals(text);
    }

    @Override
    public int hashCode() {
        return hash;
    }

    @Override
    public String toString() {
        return text.toString();
    }
}
