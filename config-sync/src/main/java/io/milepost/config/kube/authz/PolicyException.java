package io.milepost.config.kube.authz;

/** A field of a policy that cannot be understood; the message says how to mend it. */
final class PolicyException extends RuntimeException {
    private static final long serialVersionUID = 1L;

    private final String field;

    PolicyException(String field, String message) {
        super(message);
        this.field = field;
    }

    String field() {
        return field;
    }
}
