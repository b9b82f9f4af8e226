package io.milepost.hbone.wire;

/** {@code traceparent}: {@code 00-<32 hex>-<16 hex>-<2 hex>}. A malformed one kills a ztunnel's connection: never send it on. */
public final class Traceparent {
    private static final int LENGTH = 55;

    private Traceparent() {}

    public static boolean isValid(String text) {
        if (text.length() != LENGTH) {
            return false;
        }
        boolean trace = false;
        boolean parent = false;
        for (int i = 0; i < LENGTH; i++) {
            char c = text.charAt(i);
            if (i == 2 || i == 35 || i == 52) {
                if (c != '-') {
                    return false;
                }
                continue;
            }
            if ((c < '0' || c > '9') && (c < 'a' || c > 'f')) {
                return false;
            }
            trace |= i > 2 && i < 35 && c != '0';
            parent |= i > 35 && i < 52 && c != '0';
        }
        // All-zero ids are invalid by the W3C's rule, and so is version ff.
        return trace && parent && !text.startsWith("ff");
    }
}
