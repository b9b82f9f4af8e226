package io.milepost.hbone;

import java.io.IOException;

/** A tunnel could not be opened; the message is meant for operators. */
public class TunnelException extends IOException {
    private static final long serialVersionUID = 1L;

    /** What went wrong, in the terms that response flags need. */
    public enum Kind {
        /** TCP connect refused or unreachable. */
        CONNECT_FAILED,
        CONNECT_TIMEOUT,
        /** TLS: handshake, trust or identity. */
        TLS,
        /** The peer answered the CONNECT with something else than 200. */
        REFUSED,
        /** The connection ended before the answer. */
        CONNECTION_CLOSED,
        /** A limit of ours. */
        OVERFLOW
    }

    private final Kind kind;
    private final int status;

    public TunnelException(Kind kind, int status, String message, Throwable cause) {
        super(message, cause);
        this.kind = kind;
        this.status = status;
    }

    public TunnelException(Kind kind, int status, String message) {
        super(message);
        this.kind = kind;
        this.status = status;
    }

    public Kind kind() {
        return kind;
    }

    /** Status of the answer to the CONNECT; 0 when there was none. */
    public int status() {
        return status;
    }
}
