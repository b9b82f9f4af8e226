package io.milepost.mesh;

import java.net.InetAddress;
import java.net.UnknownHostException;
import java.util.Optional;

/**
 * An IP address as two longs, so that lookups neither allocate nor depend on {@code InetAddress}.
 *
 * <p>An IPv4 address lives in the upper 32 bits of {@code high}, so that prefix comparisons are the same for both
 * families. IPv4-mapped IPv6 addresses are canonicalised to IPv4.
 */
public record IpAddress(boolean v6, long high, long low) {

    /** Parses a literal; never resolves names. Brackets and zones are refused. */
    public static Optional<IpAddress> parse(String text) {
        return text.indexOf(':') >= 0 ? parseV6(text) : parseV4(text);
    }

    /** From 4 or 16 bytes in network order. */
    public static IpAddress of(byte[] b) {
        if (b.length == 4) {
            return v4((b[0] & 0xFFL) << 24 | (b[1] & 0xFFL) << 16 | (b[2] & 0xFFL) << 8 | (b[3] & 0xFFL));
        }
        if (b.length != 16) {
            throw new IllegalArgumentException("an IP address has 4 or 16 bytes, not " + b.length);
        }
        long h = 0;
        long l = 0;
        for (int i = 0; i < 8; i++) {
            h = h << 8 | (b[i] & 0xFFL);
            l = l << 8 | (b[i + 8] & 0xFFL);
        }
        return v6(h, l);
    }

    public static IpAddress of(InetAddress address) {
        return of(address.getAddress());
    }

    private static IpAddress v4(long word) {
        return new IpAddress(false, word << 32, 0);
    }

    private static IpAddress v6(long h, long l) {
        return h == 0 && (l >>> 32) == 0xFFFFL ? v4(l & 0xFFFFFFFFL) : new IpAddress(true, h, l);
    }

    public int bits() {
        return v6 ? 128 : 32;
    }

    public byte[] bytes() {
        byte[] b = new byte[v6 ? 16 : 4];
        for (int i = 0; i < b.length; i++) {
            b[i] = (byte) ((i < 8 ? high >>> (56 - 8 * i) : low >>> (120 - 8 * i)) & 0xFF);
        }
        return b;
    }

    public InetAddress toInetAddress() {
        try {
            return InetAddress.getByAddress(bytes());
        } catch (UnknownHostException e) {
            throw new IllegalStateException("an address of " + bits() + " bits was refused", e);
        }
    }

    /** RFC 5952 text: lower case, longest run of zeros compressed, no brackets. */
    @Override
    public String toString() {
        if (!v6) {
            long w = high >>> 32;
            return (w >>> 24) + "." + (w >>> 16 & 0xFF) + "." + (w >>> 8 & 0xFF) + "." + (w & 0xFF);
        }
        int[] g = new int[8];
        for (int i = 0; i < 8; i++) {
            g[i] = (int) ((i < 4 ? high >>> (48 - 16 * i) : low >>> (112 - 16 * i)) & 0xFFFF);
        }
        int best = -1;
        int bestLength = 1;
        for (int i = 0; i < 8; i++) {
            int j = i;
            while (j < 8 && g[j] == 0) {
                j++;
            }
            if (j - i > bestLength) {
                best = i;
                bestLength = j - i;
            }
            i = Math.max(i, j - 1);
        }
        StringBuilder s = new StringBuilder(39);
        for (int i = 0; i < 8; i++) {
            if (i == best) {
                s.append("::");
                i += bestLength - 1;
                continue;
            }
            if (!s.isEmpty() && s.charAt(s.length() - 1) != ':') {
                s.append(':');
            }
            s.append(Integer.toHexString(g[i]));
        }
        return s.toString();
    }

    private static Optional<IpAddress> parseV4(String t) {
        long w = 0;
        int octet = -1;
        int dots = 0;
        int digits = 0;
        for (int i = 0; i < t.length(); i++) {
            char c = t.charAt(i);
            if (c == '.') {
                if (octet < 0 || ++dots > 3) {
                    return Optional.empty();
                }
                w = w << 8 | octet;
                octet = -1;
                digits = 0;
            } else if (c >= '0' && c <= '9') {
                octet = Math.max(octet, 0) * 10 + (c - '0');
                if (octet > 255 || ++digits > 3 || (digits > 1 && octet < 10)) {
                    return Optional.empty();
                }
            } else {
                return Optional.empty();
            }
        }
        return dots == 3 && octet >= 0 ? Optional.of(v4(w << 8 | octet)) : Optional.empty();
    }

    private static Optional<IpAddress> parseV6(String t) {
        int gap = t.indexOf("::");
        if (gap >= 0 && t.indexOf("::", gap + 1) >= 0) {
            return Optional.empty();
        }
        int[] head = groups(gap < 0 ? t : t.substring(0, gap), gap < 0);
        int[] tail = gap < 0 ? new int[0] : groups(t.substring(gap + 2), true);
        if (head.length == 1 && head[0] < 0 || tail.length == 1 && tail[0] < 0) {
            return Optional.empty();
        }
        int n = head.length + tail.length;
        if (gap < 0 ? n != 8 : n > 7) {
            return Optional.empty();
        }
        int[] g = new int[8];
        System.arraycopy(head, 0, g, 0, head.length);
        System.arraycopy(tail, 0, g, 8 - tail.length, tail.length);
        long h = 0;
        long l = 0;
        for (int i = 0; i < 4; i++) {
            h = h << 16 | g[i];
            l = l << 16 | g[i + 4];
        }
        return Optional.of(v6(h, l));
    }

    /** The groups of one side of "::", or a single -1 when it is malformed. */
    private static int[] groups(String t, boolean mayEndInV4) {
        int[] bad = {-1};
        if (t.isEmpty()) {
            return new int[0];
        }
        String[] parts = t.split(":", -1);
        boolean v4 = mayEndInV4 && parts[parts.length - 1].indexOf('.') >= 0;
        int[] g = new int[parts.length + (v4 ? 1 : 0)];
        for (int i = 0; i < parts.length; i++) {
            String p = parts[i];
            if (v4 && i == parts.length - 1) {
                Optional<IpAddress> four = parseV4(p);
                if (four.isEmpty()) {
                    return bad;
                }
                long w = four.get().high >>> 32;
                g[i] = (int) (w >>> 16);
                g[i + 1] = (int) (w & 0xFFFF);
                break;
            }
            if (p.isEmpty() || p.length() > 4) {
                return bad;
            }
            int v = 0;
            for (int k = 0; k < p.length(); k++) {
                int d = Character.digit(p.charAt(k), 16);
                if (d < 0 || p.charAt(k) > 'f') {
                    return bad;
                }
                v = v << 4 | d;
            }
            g[i] = v;
        }
        return g.length > 8 ? bad : g;
    }
}
