package io.milepost.testbed.demo;

/** Something that keeps the demo from running, told so that the user can mend it. */
final class DemoException extends RuntimeException {
    DemoException(String message) {
        super(message);
    }

    DemoException(String message, Throwable cause) {
        super(message, cause);
    }
}
