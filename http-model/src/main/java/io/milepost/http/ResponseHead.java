package io.milepost.http;

/** The head of a response; {@code 1xx} ones are informational. Mutable headers, confined to one event loop. */
public final class ResponseHead {
    private final int status;
    private final Headers headers;

    public ResponseHead(int status, Headers headers) {
        this.status = status;
        this.headers = headers;
    }

    public int status() {
        return status;
    }

    public Headers headers() {
        return headers;
    }
}
