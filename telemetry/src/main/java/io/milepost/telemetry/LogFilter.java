package io.milepost.telemetry;

import java.util.Optional;

/** Decides which exchanges are logged. An expression that is not understood or cannot be evaluated logs nothing. */
public final class LogFilter {
    public static final LogFilter ALWAYS = new LogFilter(c -> true, Optional.empty());

    private final LogExpression expression;
    private final Optional<String> problem;

    private LogFilter(LogExpression expression, Optional<String> problem) {
        this.expression = expression;
        this.problem = problem;
    }

    /** Never throws: a filter with a {@link #problem()} logs nothing. Empty text is {@link #ALWAYS}. */
    public static LogFilter compile(String expression) {
        if (expression.isBlank()) {
            return ALWAYS;
        }
        try {
            return new LogFilter(LogExpression.compile(expression), Optional.empty());
        } catch (IllegalArgumentException e) {
            return new LogFilter(c -> false, Optional.of(String.valueOf(e.getMessage())));
        }
    }

    public boolean test(LogContext c) {
        return Boolean.TRUE.equals(expression.evaluate(c));
    }

    /** Why the expression was not understood; to be reported with the object that holds it. */
    public Optional<String> problem() {
        return problem;
    }
}
