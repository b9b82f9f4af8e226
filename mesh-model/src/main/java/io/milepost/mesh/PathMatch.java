package io.milepost.mesh;

/** How the path (without query) of a request is compared. */
public sealed interface PathMatch {
    record Exact(String path, boolean ignoreCase) implements PathMatch {}

    /** Plain string prefix: {@code /foo} also matches {@code /foobar} (VirtualService uri.prefix). */
    record Prefix(String prefix, boolean ignoreCase) implements PathMatch {}

    /** Prefix by segments: {@code /foo} matches {@code /foo} and {@code /foo/x} only (Gateway API PathPrefix). */
    record SegmentPrefix(String prefix, boolean ignoreCase) implements PathMatch {}

    /** RE2, full match. */
    record Regex(String pattern) implements PathMatch {}

    PathMatch ANY = new Prefix("/", false);
}
