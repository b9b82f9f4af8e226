package io.milepost.mesh;

/** A private key in PEM form. No record and with a mute {@link #toString}, so that neither logs nor admin pages show it. */
public final class PrivateKeyText {
    private final String pem;

    public PrivateKeyText(String pem) {
        this.pem = pem;
    }

    /** For whoever makes TLS contexts, and nobody else. */
    public String pem() {
        return pem;
    }

    @Override
    public boolean equals(Object o) {
        return o instanceof PrivateKeyText k && k.pem.equals(pem);
    }

    @Override
    public int hashCode() {
        return pem.hashCode();
    }

    @Override
    public String toString() {
        return "private key (not shown)";
    }
}
