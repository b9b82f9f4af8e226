package io.milepost.config.analyze;

import io.milepost.mesh.TelemetrySettings.AccessLog;
import java.util.List;

/** Reads filter and format of an access log as the program does that writes it; the translation carries both as text. */
@FunctionalInterface
public interface LogCheck {
    /** For who writes no logs. */
    LogCheck NONE = log -> List.of();

    /** What is not understood, in words. */
    List<String> problems(AccessLog log);
}
