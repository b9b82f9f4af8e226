package io.milepost.filters;

import com.google.re2j.Pattern;
import io.milepost.http.HeaderName;
import io.milepost.http.RequestHead;
import io.milepost.mesh.PathMatch;
import io.milepost.mesh.RouteAction;
import io.netty.util.AsciiString;
import java.nio.charset.StandardCharsets;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/** Compiled change of the path; the query stays. */
final class PathRewrite {
    private static final PathRewrite NONE = new PathRewrite(null, 0, false, null, "");

    private final @Nullable AsciiString prefix;
    /** Length of what the prefix replaces; -1 for the whole path. */
    private final int matched;

    private final boolean dropSlash;
    private final @Nullable Pattern regex;
    private final String substitution;

    private PathRewrite(
            @Nullable AsciiString prefix,
            int matched,
            boolean dropSlash,
            @Nullable Pattern regex,
            String substitution) {
        this.prefix = prefix;
        this.matched = matched;
        this.dropSlash = dropSlash;
        this.regex = regex;
        this.substitution = substitution;
    }

    static PathRewrite compile(Optional<RouteAction.Rewrite> rewrite, PathMatch match) {
        if (rewrite.isEmpty()) {
            return NONE;
        }
        RouteAction.Rewrite r = rewrite.get();
        // Gateway API: replacing a segment prefix by "/" must not leave two slashes; a VirtualService may.
        if (match instanceof PathMatch.SegmentPrefix s
                && !PathMatcher.trimmed(s.prefix()).isEmpty()) {
            return of(r.prefix().map(PathRewrite::segments), r.regex(), match, true);
        }
        return of(r.prefix(), r.regex(), match, false);
    }

    /** A trailing slash says nothing, and nothing is the root. */
    private static String segments(String replacement) {
        String r = PathMatcher.trimmed(replacement);
        return r.isEmpty() ? "/" : r;
    }

    /** For redirects: the prefix is spliced in plainly (recorded from Envoy). */
    static PathRewrite ofRedirect(RouteAction.Redirect r, PathMatch match) {
        return of(r.prefixRewrite(), r.regexRewrite(), match, false);
    }

    private static PathRewrite of(
            Optional<String> prefix, Optional<RouteAction.RegexRewrite> regex, PathMatch match, boolean dropSlash) {
        if (regex.isPresent()) {
            RouteAction.RegexRewrite x = regex.get();
            return new PathRewrite(null, 0, false, Pattern.compile(x.pattern()), javaReplacement(x.substitution()));
        }
        if (prefix.isEmpty() || prefix.get().isEmpty()) {
            return NONE;
        }
        String p = prefix.get();
        return new PathRewrite(AsciiString.of(p), matchedLength(match), dropSlash && p.equals("/"), null, "");
    }

    private static int matchedLength(PathMatch match) {
        return switch (match) {
            case PathMatch.Prefix m -> bytes(m.prefix());
            // The root prefix consists of its slash; of others a trailing slash is no part.
            case PathMatch.SegmentPrefix m -> Math.max(1, bytes(PathMatcher.trimmed(m.prefix())));
            case PathMatch.Exact m -> -1;
            case PathMatch.Regex m -> -1;
        };
    }

    private static int bytes(String s) {
        return s.getBytes(StandardCharsets.UTF_8).length;
    }

    /** RE2 writes groups as \1, re2j as $1. */
    private static String javaReplacement(String substitution) {
        StringBuilder s = new StringBuilder();
        for (int i = 0; i < substitution.length(); i++) {
            char c = substitution.charAt(i);
            if (c == '\\' && i + 1 < substitution.length()) {
                char d = substitution.charAt(++i);
                if (d >= '0' && d <= '9') {
                    // Braces end the number: in RE2 a group has one digit.
                    s.append('$').append(d);
                    if (i + 1 < substitution.length() && Character.isDigit(substitution.charAt(i + 1))) {
                        s.append('\\').append(substitution.charAt(++i));
                    }
                } else {
                    s.append('\\').append(d);
                }
            } else if (c == '$') {
                s.append("\\$");
            } else {
                s.append(c);
            }
        }
        return s.toString();
    }

    boolean isEmpty() {
        return prefix == null && regex == null;
    }

    /** @param trace whether the old path is kept in x-envoy-original-path, over what the client may have put there */
    void apply(RequestHead request, boolean trace) {
        if (isEmpty()) {
            return;
        }
        if (trace) {
            request.headers().set(HeaderName.X_ENVOY_ORIGINAL_PATH, request.path());
        }
        request.path(rewritten(request));
    }

    /** The new path with the old query. */
    AsciiString rewritten(RequestHead request) {
        AsciiString path = request.path();
        int n = request.pathLength();
        if (regex != null) {
            String p = new String(path.array(), path.arrayOffset(), n, StandardCharsets.UTF_8);
            String replaced = regex.matcher(p).replaceAll(substitution);
            return new AsciiString(replaced.getBytes(StandardCharsets.UTF_8), false)
                    .concat(path.subSequence(n, path.length(), false));
        }
        if (prefix == null) {
            return path;
        }
        int rest = matched < 0 ? n : Math.min(matched, n);
        if (dropSlash && rest < n && path.byteAt(rest) == '/') {
            rest++;
        }
        return prefix.concat(path.subSequence(rest, path.length(), false));
    }
}
