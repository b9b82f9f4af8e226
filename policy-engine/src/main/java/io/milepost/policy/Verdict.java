package io.milepost.policy;

/**
 * The outcome of a condition: Kleene's three values, in the order that makes AND the minimum and OR the maximum.
 *
 * <p>{@link #UNKNOWN} is what cannot be decided (a condition that was not understood, an HTTP field on a TCP
 * connection, a regular expression on bytes that are no text). It counts as a match in a DENY and as none in an ALLOW,
 * and a negation leaves it as it is; so both stages fail closed.
 */
public enum Verdict {
    NO,
    UNKNOWN,
    YES;

    static Verdict of(boolean b) {
        return b ? YES : NO;
    }

    Verdict not() {
        return switch (this) {
            case NO -> YES;
            case UNKNOWN -> UNKNOWN;
            case YES -> NO;
        };
    }
}
