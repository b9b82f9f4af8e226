package io.milepost.testbed.hbone;

import java.io.IOException;

/** The CONNECT was not answered with 200; {@link #why} is its status, or how the stream or connection ended. */
public final class RefusedException extends IOException {
    private static final long serialVersionUID = 1;
    private final String why;

    RefusedException(String why) {
        super("CONNECT refused: " + why);
        this.why = why;
    }

    public String why() {
        return why;
    }
}
