package io.milepost.filters;

import io.milepost.mesh.PathMatch;
import io.milepost.mesh.ValueMatch;
import io.milepost.policy.StringMatcher;

/** A compiled {@link PathMatch} over the path without query. */
final class PathMatcher {
    private final PathMatch match;
    private final StringMatcher value;
    private final boolean segments;
    private final int length;

    PathMatcher(PathMatch match) {
        this.match = match;
        boolean seg = false;
        int n = 0;
        ValueMatch v;
        switch (match) {
            case PathMatch.Exact m -> v = new ValueMatch.Exact(m.path(), m.ignoreCase());
            case PathMatch.Prefix m -> v = new ValueMatch.Prefix(m.prefix(), m.ignoreCase());
            case PathMatch.SegmentPrefix m -> {
                String p = trimmed(m.prefix());
                seg = true;
                n = p.getBytes(java.nio.charset.StandardCharsets.UTF_8).length;
                v = new ValueMatch.Prefix(p, m.ignoreCase());
            }
            case PathMatch.Regex m -> v = new ValueMatch.Regex(m.pattern());
        }
        value = StringMatcher.compile(v);
        segments = seg;
        length = n;
    }

    /** A trailing slash says nothing in a segment prefix. */
    static String trimmed(String prefix) {
        return prefix.endsWith("/") ? prefix.substring(0, prefix.length() - 1) : prefix;
    }

    boolean matches(byte[] path, int offset, int pathLength) {
        if (!value.matches(path, offset, pathLength)) {
            return false;
        }
        return !segments || pathLength == length || path[offset + length] == '/';
    }

    @Override
    public String toString() {
        return switch (match) {
            case PathMatch.Exact m -> "exact " + m.path();
            case PathMatch.Prefix m -> "prefix " + m.prefix();
            case PathMatch.SegmentPrefix m -> "path prefix " + m.prefix();
            case PathMatch.Regex m -> "regex " + m.pattern();
        };
    }
}
