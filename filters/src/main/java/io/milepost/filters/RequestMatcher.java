package io.milepost.filters;

import io.milepost.http.RequestHead;
import io.milepost.mesh.HeaderMatch;
import io.milepost.mesh.RouteMatch;
import io.milepost.policy.HeaderMatcher;
import io.milepost.policy.StringMatcher;
import io.netty.util.AsciiString;
import java.util.List;

/** A compiled {@link RouteMatch}: path, headers and query parameters must all match. */
final class RequestMatcher {
    private final PathMatcher path;
    private final List<HeaderMatch> headerSource;
    private final HeaderMatcher[] headers;
    private final Query[] query;

    private record Query(AsciiString name, StringMatcher value, RouteMatch.QueryMatch source) {}

    RequestMatcher(RouteMatch match) {
        path = new PathMatcher(match.path());
        headerSource = match.headers();
        headers = headerSource.stream().map(HeaderMatcher::compile).toArray(HeaderMatcher[]::new);
        query = match.query().stream()
                .map(q -> new Query(Format.bytes(q.name()), StringMatcher.compile(q.value()), q))
                .toArray(Query[]::new);
    }

    boolean matches(RequestHead head, int pathLength) {
        AsciiString p = head.path();
        if (!path.matches(p.array(), p.arrayOffset(), pathLength)) {
            return false;
        }
        for (HeaderMatcher h : headers) {
            if (!h.matches(head)) {
                return false;
            }
        }
        for (Query q : query) {
            if (!matches(q, p, pathLength)) {
                return false;
            }
        }
        return true;
    }

    /** Undecoded, the first parameter of that name counts, {@code ?flag} equals {@code ?flag=}. */
    private static boolean matches(Query q, AsciiString target, int pathLength) {
        byte[] b = target.array();
        int end = target.arrayOffset() + target.length();
        int at = target.arrayOffset() + pathLength + 1;
        while (at <= end) {
            int stop = at;
            int equals = -1;
            while (stop < end && b[stop] != '&') {
                if (b[stop] == '=' && equals < 0) {
                    equals = stop;
                }
                stop++;
            }
            int nameEnd = equals < 0 ? stop : equals;
            if (nameEnd - at == q.name.length() && same(b, at, q.name)) {
                int from = equals < 0 ? stop : equals + 1;
                return q.value.matches(b, from, stop - from);
            }
            at = stop + 1;
        }
        return false;
    }

    private static boolean same(byte[] b, int at, AsciiString name) {
        for (int i = 0; i < name.length(); i++) {
            if (b[at + i] != name.byteAt(i)) {
                return false;
            }
        }
        return true;
    }

    /** Why the request does not match; empty when it does. Slow. */
    String mismatch(RequestHead head) {
        int n = head.pathLength();
        AsciiString p = head.path();
        if (!path.matches(p.array(), p.arrayOffset(), n)) {
            return "path " + p.subSequence(0, n) + " is not " + path;
        }
        for (int i = 0; i < headers.length; i++) {
            if (!headers[i].matches(head)) {
                HeaderMatch m = headerSource.get(i);
                return "header " + m.name() + (m.invert() ? " must not match " : " does not match ") + m.value();
            }
        }
        for (Query q : query) {
            if (!matches(q, p, n)) {
                return "query parameter " + q.source.name() + " does not match " + q.source.value();
            }
        }
        return "";
    }
}
