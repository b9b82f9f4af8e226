package io.milepost.waypoint.codec;

import io.milepost.http.HeaderName;
import io.milepost.http.Headers;
import io.netty.util.AsciiString;
import java.util.Locale;
import java.util.Set;

/** Headers that belong to one hop. */
public final class HopByHop {
    /** A client that asks to have these removed wants to hide who it is: 400 (recorded from Envoy). */
    private static final Set<String> PROTECTED =
            Set.of("x-forwarded-for", "x-forwarded-proto", "x-forwarded-host", "host");

    /** What {@code connection} may list that is no header to be removed. */
    private static final Set<String> OF_CONNECTION = Set.of("close", "keep-alive", "upgrade");

    private static final AsciiString TRAILERS = AsciiString.cached("trailers");

    private HopByHop() {}

    /** Whether a {@code connection} line lists the token. */
    public static boolean connectionHas(Headers h, AsciiString token) {
        for (int i = h.indexOf(HeaderName.CONNECTION, 0); i >= 0; i = h.indexOf(HeaderName.CONNECTION, i + 1)) {
            AsciiString v = h.value(i);
            if (v.length() == token.length() ? v.contentEqualsIgnoreCase(token) : listHas(v, token)) {
                return true;
            }
        }
        return false;
    }

    private static boolean listHas(AsciiString list, AsciiString token) {
        for (AsciiString part : list.split(',')) {
            if (part.trim().contentEqualsIgnoreCase(token)) {
                return true;
            }
        }
        return false;
    }

    /**
     * Removes what must not be forwarded.
     *
     * @param keepUpgrade leaves {@code upgrade} of an accepted upgrade, and {@code connection} as the client wrote it but for
     *     the headers that are removed by its wish (asked of Envoy 1.40.0)
     */
    public static void removeFromRequest(Headers h, boolean keepUpgrade) throws BadMessageException {
        int c = h.indexOf(HeaderName.CONNECTION, 0);
        if (c >= 0) {
            boolean named = false;
            for (int i = c; i >= 0; i = h.indexOf(HeaderName.CONNECTION, i + 1)) {
                String v = h.value(i).toString().toLowerCase(Locale.ROOT);
                for (String token : v.split(",", -1)) {
                    String t = token.trim();
                    if (PROTECTED.contains(t) || t.startsWith(":")) {
                        throw new BadMessageException(400, "invalid_connection_header");
                    }
                    if (t.equals("te")) {
                        removeEmptyTe(h);
                    } else if (!t.isEmpty() && !OF_CONNECTION.contains(t)) {
                        named = true;
                        h.remove(HeaderName.of(t));
                    }
                }
            }
            if (!keepUpgrade) {
                h.remove(HeaderName.CONNECTION);
            } else if (named) {
                h.set(HeaderName.CONNECTION, ofConnection(h.value(h.indexOf(HeaderName.CONNECTION, 0))));
            }
        }
        h.remove(HeaderName.KEEP_ALIVE);
        h.remove(HeaderName.PROXY_CONNECTION);
        h.remove(HeaderName.TRANSFER_ENCODING);
        if (!keepUpgrade) {
            h.remove(HeaderName.UPGRADE);
        }
        AsciiString te = h.get(HeaderName.TE);
        // An empty one passes (asked of Envoy 1.40.0).
        if (te != null && !te.isEmpty() && !te.contentEquals("trailers")) {
            if (listHas(te, TRAILERS)) {
                h.set(HeaderName.TE, TRAILERS);
            } else {
                h.remove(HeaderName.TE);
            }
        }
    }

    private static void removeEmptyTe(Headers h) {
        AsciiString te = h.get(HeaderName.TE);
        if (te != null && te.isEmpty()) {
            h.remove(HeaderName.TE);
        }
    }

    /** What of a list of an upgrade's {@code connection} is no header that was removed. */
    private static String ofConnection(AsciiString list) {
        StringBuilder kept = new StringBuilder();
        for (AsciiString part : list.split(',')) {
            String t = part.trim().toString();
            if (OF_CONNECTION.contains(t.toLowerCase(Locale.ROOT))) {
                kept.append(kept.isEmpty() ? "" : ",").append(t);
            }
        }
        return kept.toString();
    }

    public static void removeFromResponse(Headers h, boolean keepUpgrade) {
        if (!keepUpgrade) {
            h.remove(HeaderName.CONNECTION);
        }
        h.remove(HeaderName.KEEP_ALIVE);
        h.remove(HeaderName.PROXY_CONNECTION);
        h.remove(HeaderName.TRANSFER_ENCODING);
        if (!keepUpgrade) {
            h.remove(HeaderName.UPGRADE);
        }
    }
}
