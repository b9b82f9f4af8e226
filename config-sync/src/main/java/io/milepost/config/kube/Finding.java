package io.milepost.config.kube;

import io.milepost.mesh.SourceRef;

/**
 * Something that the owner of an object should know.
 *
 * @param message names what is wrong and how to mend it
 */
public record Finding(Severity severity, SourceRef source, String message) {
    public enum Severity {
        /** The object is not accepted: the last good configuration stays in force. */
        ERROR,
        /** A part of the object has no effect, or another one than its author may expect. */
        WARNING,
        INFO
    }

    public static Finding error(SourceRef source, String message) {
        return new Finding(Severity.ERROR, source, message);
    }

    public static Finding warning(SourceRef source, String message) {
        return new Finding(Severity.WARNING, source, message);
    }

    public static Finding info(SourceRef source, String message) {
        return new Finding(Severity.INFO, source, message);
    }

    @Override
    public String toString() {
        return severity + " " + source + ": " + message;
    }
}
