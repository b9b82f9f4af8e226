package io.milepost.telemetry;

import org.jspecify.annotations.Nullable;

/** An expression over an exchange, in the part of CEL that access logs use. */
interface LogExpression {
    /** A Boolean, Long, CharSequence; null when the expression cannot be evaluated for this exchange. */
    @Nullable
    Object evaluate(LogContext c);

    /** @throws IllegalArgumentException naming what is not understood */
    static LogExpression compile(String text) {
        return LogExpressionParser.parse(text);
    }
}
