package io.milepost.waypoint.codec;

/** A message that must not be forwarded. Control flow of the codec: carries no stack trace. */
public final class BadMessageException extends Exception {
    private static final long serialVersionUID = 1L;

    private final int status;

    public BadMessageException(int status, String details) {
        super(details, null, false, false);
        this.status = status;
    }

    /** What the client is answered. */
    public int status() {
        return status;
    }

    /** Envoy's response code details, for example {@code http1.codec_error}. */
    public String details() {
        return String.valueOf(getMessage());
    }
}
