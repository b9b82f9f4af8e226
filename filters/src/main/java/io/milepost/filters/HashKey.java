package io.milepost.filters;

import io.milepost.http.HeaderName;
import io.milepost.http.Headers;
import io.milepost.http.RequestHead;
import io.milepost.mesh.IpAddress;
import io.milepost.mesh.RouteAction;
import io.netty.util.AsciiString;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.OptionalLong;

/**
 * Compiled hash policies: the key that binds a request to an endpoint, computed as Envoy computes it (xxHash64 with
 * seed 0, several keys combined by rotating).
 */
public final class HashKey {
    private final List<RouteAction.HashPolicy> policies;

    private HashKey(List<RouteAction.HashPolicy> policies) {
        this.policies = policies;
    }

    static HashKey compile(List<RouteAction.HashPolicy> policies) {
        return new HashKey(policies);
    }

    public boolean isEmpty() {
        return policies.isEmpty();
    }

    /** Gives out cookies for clients that have none yet. */
    public interface CookieJar {
        /** Text that stays the same on one client connection, for example both its addresses. */
        String connection();

        /** Adds a {@code set-cookie} line to the response. */
        void setCookie(AsciiString line);
    }

    /**
     * The key of this request; empty when no policy yields one (the balancer then chooses by chance). A cookie that the
     * client lacks is issued when its policy has a time to live.
     */
    public OptionalLong of(RequestHead request, IpAddress source, CookieJar jar) {
        long hash = 0;
        boolean found = false;
        for (RouteAction.HashPolicy p : policies) {
            OptionalLong h = one(p, request, source, jar);
            if (h.isPresent()) {
                hash = found ? Long.rotateLeft(hash, 1) ^ h.getAsLong() : h.getAsLong();
                found = true;
            }
        }
        return found ? OptionalLong.of(hash) : OptionalLong.empty();
    }

    /** The key of a client's address; raw TCP has no other. */
    public static long ofSource(IpAddress source) {
        byte[] b = source.toString().getBytes(StandardCharsets.US_ASCII);
        return XxHash64.hash(b, 0, b.length, 0);
    }

    private static OptionalLong one(
            RouteAction.HashPolicy policy, RequestHead request, IpAddress source, CookieJar jar) {
        return switch (policy) {
            case RouteAction.HashPolicy.Header p -> header(p.name(), request);
            case RouteAction.HashPolicy.Cookie p -> {
                OptionalLong sent = cookie(p.name(), request.headers());
                yield sent.isEmpty() && p.ttlSeconds().isPresent()
                        ? issue(p, p.ttlSeconds().get(), jar)
                        : sent;
            }
            case RouteAction.HashPolicy.SourceIp p -> OptionalLong.of(ofSource(source));
            case RouteAction.HashPolicy.QueryParameter p -> query(p.name(), request);
        };
    }

    /** Several lines are sorted and hashed one after the other, each seeded with the hash before. */
    private static OptionalLong header(String name, RequestHead request) {
        if (name.equalsIgnoreCase("host") || name.equals(":authority")) {
            return OptionalLong.of(hash(request.authority()));
        }
        HeaderName n = HeaderName.of(name);
        Headers h = request.headers();
        int first = h.indexOf(n, 0);
        if (first < 0) {
            return OptionalLong.empty();
        }
        if (h.indexOf(n, first + 1) < 0) {
            return OptionalLong.of(hash(h.value(first)));
        }
        List<AsciiString> values = new java.util.ArrayList<>();
        for (int i = first; i >= 0; i = h.indexOf(n, i + 1)) {
            values.add(h.value(i));
        }
        values.sort(java.util.Comparator.naturalOrder());
        long seed = 0;
        for (AsciiString v : values) {
            seed = XxHash64.hash(v.array(), v.arrayOffset(), v.length(), seed);
        }
        return OptionalLong.of(seed);
    }

    private static long hash(AsciiString v) {
        return XxHash64.hash(v.array(), v.arrayOffset(), v.length(), 0);
    }

    /** Recorded: {@code sticky="16hex"; Max-Age=60; Path=/p; HttpOnly}; a time to live of 0 is a session cookie. */
    private static OptionalLong issue(RouteAction.HashPolicy.Cookie p, long ttl, CookieJar jar) {
        byte[] c = jar.connection().getBytes(StandardCharsets.UTF_8);
        String hex = Long.toHexString(XxHash64.hash(c, 0, c.length, 0));
        String value = "0".repeat(16 - hex.length()) + hex;
        StringBuilder s = new StringBuilder(64)
                .append(p.name())
                .append("=\"")
                .append(value)
                .append('"');
        if (ttl > 0) {
            s.append("; Max-Age=").append(ttl);
        }
        if (!p.path().isEmpty()) {
            s.append("; Path=").append(p.path());
        }
        for (String a : p.attributes()) {
            s.append("; ").append(a);
        }
        jar.setCookie(Format.bytes(s.append("; HttpOnly").toString()));
        return OptionalLong.of(hash(AsciiString.of(value)));
    }

    /** A cookie without a value is none. */
    private static OptionalLong cookie(String name, Headers headers) {
        AsciiString v = Cookies.find(name, headers);
        return v == null ? OptionalLong.empty() : OptionalLong.of(hash(v));
    }

    private static OptionalLong query(String name, RequestHead request) {
        AsciiString t = request.path();
        int at = request.pathLength() + 1;
        while (at < t.length()) {
            int end = t.indexOf("&", at);
            end = end < 0 ? t.length() : end;
            int eq = t.indexOf("=", at);
            int nameEnd = eq < 0 || eq > end ? end : eq;
            if (AsciiString.contentEquals(t.subSequence(at, nameEnd, false), name)) {
                int from = Math.min(nameEnd + 1, end);
                return OptionalLong.of(XxHash64.hash(t.array(), t.arrayOffset() + from, end - from, 0));
            }
            at = end + 1;
        }
        return OptionalLong.empty();
    }
}
