package io.milepost.bench.run;

/**
 * Something that is measured on all sides, interleaved.
 *
 * @param quick whether {@code --quick} has time for it
 */
public record Scenario(String name, String what, boolean quick, Action action) {
    /** Measures and adds to the rounds. */
    @FunctionalInterface
    public interface Action {
        void run(Bench bench);
    }
}
