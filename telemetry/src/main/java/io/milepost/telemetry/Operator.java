package io.milepost.telemetry;

import io.netty.buffer.ByteBuf;

/** One command operator, compiled. Writes its value, or nothing and says so when the value is absent. */
@FunctionalInterface
interface Operator {
    /** @return false when absent; then nothing was written */
    boolean write(LogContext c, ByteBuf out, Out.Mode mode);
}
