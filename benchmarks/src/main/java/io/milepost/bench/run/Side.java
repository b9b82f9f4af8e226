package io.milepost.bench.run;

/** Who stands between client and backend. */
public enum Side {
    MILEPOST("milepost"),
    ENVOY("envoy"),
    /** A TLS-to-TLS relay of bytes: what is left when HTTP is taken away. */
    FLOOR("floor"),
    /** Milepost with a single event loop. */
    ONE_LOOP("milepost, 1 loop");

    private final String label;

    Side(String label) {
        this.label = label;
    }

    public String label() {
        return label;
    }
}
