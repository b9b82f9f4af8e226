package io.milepost.config.kube;

import io.milepost.mesh.PathMatch;
import io.milepost.mesh.RouteMatch;
import java.util.Comparator;

/**
 * A match with what decides its place among others.
 *
 * @param rank of the path: exact, prefix, regex, none at all
 * @param length of the path
 */
record RankedMatch(RouteMatch match, int rank, int length, boolean method, int headers, int query) {
    /** Exact, then prefix, then regex; longer; with method; more headers; more query parameters; else as written. */
    static final Comparator<RankedMatch> ORDER = RankedMatch::compare;

    private static final int WITHOUT_PATH = 3;

    private static int compare(RankedMatch a, RankedMatch b) {
        int c = Integer.compare(a.rank, b.rank);
        c = c == 0 ? Integer.compare(b.length, a.length) : c;
        c = c == 0 ? Boolean.compare(b.method, a.method) : c;
        c = c == 0 ? Integer.compare(b.headers, a.headers) : c;
        return c == 0 ? Integer.compare(b.query, a.query) : c;
    }

    static RankedMatch of(RouteMatch match, boolean method) {
        PathMatch path = match.path();
        int rank = switch (path) {
            case PathMatch.Exact e -> 0;
            case PathMatch.Prefix e -> 1;
            case PathMatch.SegmentPrefix e -> 1;
            case PathMatch.Regex e -> 2;
        };
        int length = switch (path) {
            case PathMatch.Exact e -> e.path().length();
            case PathMatch.Prefix e -> e.prefix().length();
            case PathMatch.SegmentPrefix e -> e.prefix().length();
            case PathMatch.Regex e -> e.pattern().length();
        };
        int headers = match.headers().size() - (method ? 1 : 0);
        return new RankedMatch(
                match, rank, length, method, headers, match.query().size());
    }

    /** A match that names no path stands behind every path, even behind regular expressions (recorded from istiod). */
    static RankedMatch withoutPath(RouteMatch match) {
        return new RankedMatch(
                match,
                WITHOUT_PATH,
                0,
                false,
                match.headers().size(),
                match.query().size());
    }
}
