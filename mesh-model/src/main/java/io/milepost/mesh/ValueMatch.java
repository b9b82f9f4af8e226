package io.milepost.mesh;

/** How one string is compared. Regular expressions have RE2 syntax and must match the whole value. */
public sealed interface ValueMatch {
    /** Equal, byte by byte (or without regard to ASCII case). */
    record Exact(String value, boolean ignoreCase) implements ValueMatch {}

    record Prefix(String value, boolean ignoreCase) implements ValueMatch {}

    record Suffix(String value, boolean ignoreCase) implements ValueMatch {}

    record Contains(String value, boolean ignoreCase) implements ValueMatch {}

    /** RE2, full match. */
    record Regex(String pattern) implements ValueMatch {}

    /** The value exists, even when it is empty. */
    record Present() implements ValueMatch {}

    /** Exists and is not empty (Istio's {@code *} in policies). */
    record NotEmpty() implements ValueMatch {}

    Present PRESENT = new Present();
    NotEmpty NOT_EMPTY = new NotEmpty();

    static Exact exact(String value) {
        return new Exact(value, false);
    }

    static Prefix prefix(String value) {
        return new Prefix(value, false);
    }

    static Suffix suffix(String value) {
        return new Suffix(value, false);
    }
}
