package io.milepost.waypoint.codec;

import io.milepost.http.RequestHead;
import org.jspecify.annotations.Nullable;

/** A message that must not be forwarded. Control flow of the codec: carries no stack trace. */
public final class BadMessageException extends Exception {
    private static final long serialVersionUID = 1L;

    private final int status;
    private final transient @Nullable RequestHead request;

    public BadMessageException(int status, String details) {
        this(status, details, null);
    }

    /** @param request what could be read; for the log */
    public BadMessageException(int status, String details, @Nullable RequestHead request) {
        super(details, null, false, false);
        this.status = status;
        this.request = request;
    }

    /** What Envoy's parser of HTTP/1.1 does not take. */
    static BadMessageException codecError() {
        return new BadMessageException(400, "http1.codec_error");
    }

    /** The request, if it could be read before it was refused. */
    public @Nullable RequestHead request() {
        return request;
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
