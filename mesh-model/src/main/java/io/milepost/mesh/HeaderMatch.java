package io.milepost.mesh;

/**
 * A condition on a header (or on the pseudo-headers {@code :method}, {@code :authority}, {@code :scheme}, {@code
 * :path}).
 *
 * <p>Repeated lines are compared one by one and one hit is enough (recorded from Envoy); they are not joined.
 *
 * @param name lower case
 * @param invert the condition holds when no value matches
 * @param treatMissingAsEmpty an absent header is compared as the empty string
 */
public record HeaderMatch(String name, ValueMatch value, boolean invert, boolean treatMissingAsEmpty) {
    public HeaderMatch(String name, ValueMatch value) {
        this(name, value, false, false);
    }
}
